package serve

import (
	"context"
	"log"
	"net"
	"net/http"
	"sync"
	"time"
)

// mostConnections is how many a server of ours keeps. What else needs a descriptor,
// such as a handoff's requests, must not wait for whoever holds them.
const mostConnections = 64

// Serve serves until ctx ends, and lets what is under way finish. Nobody holds it
// up: what does not ask or does not listen is cut off, and the oldest connection
// makes room for the newest. says is what the server logs to.
func Serve(ctx context.Context, l net.Listener, h http.Handler, says *log.Logger, longest time.Duration) error {
	server := &http.Server{
		Handler: h, ErrorLog: says,
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: longest, IdleTimeout: 30 * time.Second,
		MaxHeaderBytes: 16 << 10,
	}
	done := make(chan error, 1)
	go func() { done <- server.Serve(&crowded{Listener: l, most: mostConnections}) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
		defer cancel()
		if server.Shutdown(last) != nil {
			return server.Close() // what is under way by now has no end
		}
		return nil
	}
}

// crowded is a listener that keeps the newest connections only.
type crowded struct {
	net.Listener
	most int

	mu sync.Mutex
	// open are the connections, the oldest first.
	open []*visitor
}

// visitor is a connection of a crowded listener.
type visitor struct {
	net.Conn
	crowd *crowded
}

// Accept waits for the next connection.
func (c *crowded) Accept() (net.Conn, error) {
	conn, err := c.Listener.Accept()
	if err != nil {
		return nil, err
	}
	m := &visitor{Conn: conn, crowd: c}
	c.mu.Lock()
	c.open = append(c.open, m)
	var oldest *visitor
	if len(c.open) > c.most {
		oldest = c.open[0]
	}
	c.mu.Unlock()
	if oldest != nil {
		_ = oldest.Close() // whatever it says, there is room now
	}
	return m, nil
}

// Close closes the connection and makes room.
func (m *visitor) Close() error {
	m.crowd.leave(m)
	return m.Conn.Close()
}

func (c *crowded) leave(m *visitor) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, other := range c.open {
		if other == m {
			c.open = append(c.open[:i], c.open[i+1:]...)
			return
		}
	}
}
