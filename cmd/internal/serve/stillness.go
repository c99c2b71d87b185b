package serve

import (
	"context"
	"reflect"
	"time"

	"github.com/dutyward/dutyward/cmd/internal/session"
	"github.com/dutyward/dutyward/policies/eval"
	"github.com/dutyward/dutyward/reconcile"
)

const (
	// commitInterval is how often it is looked whether an edit that waits was
	// committed, which changes no file that is watched.
	commitInterval = 5 * time.Second
	// noticedFor is how long a commit is not noticed again.
	noticedFor = time.Minute
)

// look is what the files of the policies look like, and that of the configuration
// if it counts: whether they are a commit, or somebody is amid an edit (S37).
func (s rounds) look(ctx context.Context, set interface {
	Committed(ctx context.Context, beside ...string) bool
}, configuration bool) reconcile.Sight {
	var beside []string
	if configuration && s.Config.File != "" {
		beside = append(beside, s.Config.File)
	}
	if s.asInFile() && set.Committed(ctx, beside...) {
		return reconcile.Sight{Committed: true}
	}
	return reconcile.Sight{Unrest: eval.Unrest(ctx, s.Config.Policies, session.OpenFor)}
}

// asInFile says that the configuration is what stands in its file now, but for
// what can't change without a restart.
func (s rounds) asInFile() bool {
	if s.reread == nil {
		return false
	}
	fresh, err := s.reread()
	if err != nil {
		return false
	}
	fresh.Keep(s.Config)
	return reflect.DeepEqual(fresh, s.Config)
}

// notice makes a round of a commit of what waits to hold still.
func (r *Service) notice(ctx context.Context) {
	if r.Daemon.Status().Still == nil || time.Since(r.noticed) < noticedFor {
		return
	}
	files, err := eval.ReadFiles(r.config.PolicyOptions(nil))
	if err == nil && r.opened.look(ctx, files, false).Committed {
		r.noticed = time.Now()
		r.Loop.Trigger("committed")
	}
}
