package source

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
)

const (
	// settled is how long nothing may have happened before a change is reported, so
	// that an editor's several steps, or a checkout, are one.
	settled = 200 * time.Millisecond
	// settledSave is that for one file which somebody saves and waits for.
	settledSave = 25 * time.Millisecond
	// unsettledMost bounds that wait where something is written all the time.
	unsettledMost = 2 * time.Second
)

// Watch tells that something under the policy roots may have changed, until ctx
// ends and the channel is closed. It says neither what nor where: load again.
// Changes that nobody has received yet become one.
//
// Roots may be missing, vanish and come back, and one may be a file. Symbolic
// links are followed, and the change of any of them is noticed, on the path to a
// root, within it, and on the paths that they lead to: Kubernetes and git-sync
// change everything by changing one link.
//
// The error is that of a system that can't watch. Later ones go to warn, and
// what they concern is then not watched until the next change elsewhere.
func Watch(ctx context.Context, roots []string, warn func(error)) (<-chan struct{}, error) {
	return (&watch{warn: warn}).begin(ctx, roots)
}

// WatchSaves is Watch for a person who saves a file and waits: a change of one file is
// told as soon as that may be all, and what comes after it once more. Of several, such
// as those of a checkout, it tells as Watch does.
func WatchSaves(ctx context.Context, roots []string, warn func(error)) (<-chan struct{}, error) {
	return (&watch{warn: warn, saves: true}).begin(ctx, roots)
}

func (w *watch) begin(ctx context.Context, roots []string) (<-chan struct{}, error) {
	w.changed = make(chan struct{}, 1)
	for _, root := range roots {
		path, err := filepath.Abs(root)
		if err != nil {
			return nil, fmt.Errorf("watch policies: %w", err)
		}
		w.roots = append(w.roots, path)
	}
	if err := w.renew(); err != nil {
		return nil, fmt.Errorf("watch policies: %w", err)
	}
	go w.run(ctx)
	return w.changed, nil
}

// watch is one call of Watch. Its fields belong to the goroutine that runs it.
type watch struct {
	roots   []string
	warn    func(error)
	changed chan struct{}
	// saves says that single files are told of at once.
	saves  bool
	notify *fsnotify.Watcher
	// inside are the watched directories whose files may be policies, unlike
	// those that only lead to a root.
	inside map[string]bool
	// leading are the paths that lead to a root or to what a link in one means.
	leading map[string]bool
}

// run tells changes once they have settled. All watches are renewed before a
// change is reported, since the directory that stands under a path now need not be
// the one that was watched: what changes after that is noticed by the new ones.
func (w *watch) run(ctx context.Context) {
	defer close(w.changed)
	defer func() { w.notify.Close() }()
	var quiet, enough <-chan time.Time
	touched := map[string]bool{}
	for {
		select {
		case <-ctx.Done():
			return
		case e := <-w.notify.Events:
			if !w.matters(e) {
				continue
			}
			touched[e.Name] = true
			quiet = time.After(w.settles(touched))
			if enough == nil {
				enough = time.After(unsettledMost)
			}
			continue
		case err := <-w.notify.Errors:
			// Events may have been lost: take it for a change.
			w.warn(fmt.Errorf("watch policies: %w", err))
			quiet = time.After(settled)
			continue
		case <-quiet:
		case <-enough:
		}
		quiet, enough = nil, nil
		clear(touched)
		if err := w.renew(); err != nil {
			w.warn(fmt.Errorf("watch policies: %w", err))
		}
		select {
		case w.changed <- struct{}{}:
		default:
		}
	}
}

// settles is how long to wait for more after changes of some files.
func (w *watch) settles(touched map[string]bool) time.Duration {
	if w.saves && len(touched) == 1 {
		return settledSave
	}
	return settled
}

// matters says whether an event can be about policies: not an editor's hidden
// or backup file, nor a neighbour of the path to a root.
func (w *watch) matters(e fsnotify.Event) bool {
	if e.Op == fsnotify.Chmod {
		return false
	}
	if w.leading[e.Name] || w.inside[e.Name] {
		return true
	}
	if !w.inside[filepath.Dir(e.Name)] {
		return false
	}
	base := filepath.Base(e.Name)
	if strings.HasPrefix(base, ".") {
		return strings.HasPrefix(base, "..")
	}
	f := File{Path: base}
	if f.IsRego() || f.isJSON() || f.isYAML() {
		return true
	}
	info, err := os.Stat(e.Name)
	return err == nil && info.IsDir()
}

// renew watches what stands under the roots now, and the paths that lead to
// them. After an error the watches are as before.
func (w *watch) renew() error {
	notify, err := fsnotify.NewWatcher()
	if err != nil {
		return err
	}
	fresh := &watch{notify: notify, inside: map[string]bool{}, leading: map[string]bool{}}
	for _, root := range w.roots {
		err = errors.Join(err, fresh.lead(root, 0), fresh.directory(root, nil))
	}
	if err != nil {
		return errors.Join(err, notify.Close())
	}
	if w.notify != nil {
		w.notify.Close()
	}
	w.notify, w.inside, w.leading = notify, fresh.inside, fresh.leading
	return nil
}

// linksMost bounds links that lead to links, as the system does.
const linksMost = 40

// lead watches the directories in which a path can come to mean something else:
// those above it, and where one of them is a link, those above what it means.
func (w *watch) lead(path string, links int) error {
	if w.leading[path] || links > linksMost {
		return nil
	}
	w.leading[path] = true
	var err error
	if target, linkErr := os.Readlink(path); linkErr == nil {
		if !filepath.IsAbs(target) {
			target = filepath.Join(filepath.Dir(path), target)
		}
		err = w.lead(target, links+1)
	}
	if dir := filepath.Dir(path); dir != path {
		err = errors.Join(err, w.add(dir), w.lead(dir, links))
	}
	return err
}

// add watches one directory, unless it is not there or may not be read: that
// is for loading to tell.
func (w *watch) add(dir string) error {
	err := w.notify.Add(dir)
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, os.ErrPermission) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s: %w", dir, err)
	}
	return nil
}

// directory watches a directory and what is in it, as loading walks it; above
// are the real paths of the directories that led here.
func (w *watch) directory(dir string, above []string) error {
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return nil
	}
	for _, a := range above {
		if a == real {
			return nil
		}
	}
	w.inside[dir] = true
	if err := w.add(dir); err != nil {
		return err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), ".") {
			continue
		}
		if err := w.entry(filepath.Join(dir, entry.Name()), entry, append(above, real)); err != nil {
			return err
		}
	}
	return nil
}

// entry watches a directory, or the directory of a file that a link leads to.
func (w *watch) entry(path string, entry os.DirEntry, above []string) error {
	if entry.IsDir() {
		return w.directory(path, above)
	}
	if entry.Type()&os.ModeSymlink == 0 {
		return nil
	}
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return w.lead(path, 0)
	}
	info, err := os.Stat(real)
	if err != nil {
		return nil
	}
	inside := real == above[0] || strings.HasPrefix(real, above[0]+string(filepath.Separator))
	if info.IsDir() && !inside {
		return nil // a link that is not followed, and could lead to all that there is
	}
	if err := w.lead(path, 0); err != nil {
		return err
	}
	if info.IsDir() {
		return w.directory(path, above)
	}
	w.inside[filepath.Dir(real)] = true
	return w.add(filepath.Dir(real))
}
