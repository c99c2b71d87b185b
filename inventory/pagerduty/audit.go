package pagerduty

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	pd "github.com/PagerDuty/go-pagerduty"

	"github.com/dutyward/dutyward/inventory"
)

// How the audit trail is read. PagerDuty promises neither order nor delay, so that each
// reading overlaps the last one. Source: OpenAPI, listAuditRecords.
const (
	auditOverlap  = 10 * time.Minute
	auditPages    = 5 // more than these are as dear as the account
	auditPageSize = 100
)

// auditRoots are the kinds of resource whose changes matter.
var auditRoots = []string{"users", "teams", "schedules", "escalation_policies"}

type wireAuditRecord struct {
	ID            string       `json:"id"`
	ExecutionTime time.Time    `json:"execution_time"`
	Action        string       `json:"action"`
	RootResource  pd.APIObject `json:"root_resource"`
	Method        struct {
		Type           string `json:"type"`
		TruncatedToken string `json:"truncated_token"`
	} `json:"method"`
}

// Audit reads what others changed since a cursor: what changed just now once more the
// next time, since PagerDuty may still answer as before. What was written with this client's
// own token is left out. An *inventory.NoAuditError says that there is no trail to read.
func (c *Client) Audit(ctx context.Context, from inventory.AuditCursor) (inventory.Audited, error) {
	found := map[string]map[string]bool{}
	a := inventory.Audited{Next: inventory.AuditCursor{Since: from.Since, Seen: map[string]bool{}}}
	records, now, more, err := c.auditRecords(ctx, from.Since)
	switch status(err) {
	case http.StatusPaymentRequired, http.StatusForbidden, http.StatusNotFound:
		return a, &inventory.NoAuditError{Why: err.Error()}
	}
	if err != nil {
		return a, err
	}
	if more {
		a.Beyond = fmt.Sprintf("more than %d changes were recorded", auditPages*auditPageSize)
	}
	if since := now.Add(-auditOverlap); since.After(from.Since) {
		a.Next.Since = since
	}
	ours := c.tokenEnd(ctx)
	for _, r := range records {
		if at := r.ExecutionTime; !at.Before(a.Next.Since) && now.Sub(at) >= inventory.StaleFor {
			a.Next.Seen[r.ID] = true
		}
		if from.Seen[r.ID] || ours != "" && r.Method.Type == "api_token" && r.Method.TruncatedToken == ours {
			continue
		}
		kind := plainType(r.RootResource.Type)
		// Who is new, or gone, is read again like others; of a schedule that is gone only
		// a full refresh tells what that means.
		if r.Action == "delete" && strings.HasPrefix(kind, "schedule") {
			a.Beyond = fmt.Sprintf("%s %s: %s", strings.ReplaceAll(kind, "_", " "), r.RootResource.ID, r.Action)
			continue
		}
		if found[kind] == nil {
			found[kind] = map[string]bool{}
		}
		found[kind][r.RootResource.ID] = true
	}
	ids := func(kinds ...string) []string {
		all := map[string]bool{}
		for _, kind := range kinds {
			maps.Copy(all, found[kind])
		}
		return slices.Sorted(maps.Keys(all))
	}
	a.Users, a.Teams, a.Policies = ids("user"), ids("team"), ids("escalation_policy")
	a.Schedules = ids("schedule", "schedule_v3")
	return a, nil
}

// auditRecords are the records since a moment, as of when they were asked for. More
// says that there are too many.
func (c *Client) auditRecords(ctx context.Context, since time.Time) (records []wireAuditRecord, now time.Time, more bool, err error) {
	query := url.Values{
		"root_resource_types[]": auditRoots, "since": {since.UTC().Format(time.RFC3339)}, "limit": {fmt.Sprint(auditPageSize)},
	}
	for range auditPages {
		var page struct {
			Records    *[]wireAuditRecord `json:"records"`
			NextCursor *string            `json:"next_cursor"`
		}
		header, err := c.get(ctx, "/audit/records", nil, query, &page)
		if err != nil {
			return nil, now, false, err
		}
		if page.Records == nil {
			return nil, now, false, misshapen(request{method: http.MethodGet, pattern: "/audit/records", query: query}, fmt.Errorf(`it has no "records"`))
		}
		if now.IsZero() {
			if now, err = http.ParseTime(header.Get("Date")); err != nil {
				now = c.o.Now()
			}
		}
		records = append(records, *page.Records...)
		if text(page.NextCursor) == "" {
			return records, now.UTC(), false, nil
		}
		query.Set("cursor", *page.NextCursor)
	}
	return records, now.UTC(), true, nil
}

// tokenEnd is the part of the token that the audit trail shows of it: the last four
// characters. Empty if there is no telling.
func (c *Client) tokenEnd(ctx context.Context) string {
	token, err := c.token.get(ctx)
	if err != nil || len(token) < 8 {
		return ""
	}
	return token[len(token)-4:]
}

// Reread reads again what the audit trail says was changed, on top of a complete
// snapshot, and says which of it is not as it was, by id: it takes a few requests for each
// person, team, schedule or policy. An inventory.OutdatedError says that the account has to be
// read in full.
func (c *Client) Reread(ctx context.Context, base *inventory.Snapshot, a inventory.Audited) (*inventory.Snapshot, []string, error) {
	if a.Beyond != "" {
		return nil, nil, outdated("%s", a.Beyond)
	}
	r := &rereading{c: c, base: base}
	answers := make([]func(context.Context, *patch) error, a.Count())
	group, reading := errgroup.WithContext(ctx)
	group.SetLimit(c.o.Concurrency)
	n := 0
	for _, kind := range []struct {
		ids  []string
		read func(context.Context, string) (func(context.Context, *patch) error, error)
	}{{a.Teams, r.team}, {a.Users, r.user}, {a.Policies, r.policy}, {a.Schedules, r.schedule}} {
		for _, id := range kind.ids {
			at := n
			n++
			group.Go(func() (err error) {
				answers[at], err = kind.read(reading, id)
				return err
			})
		}
	}
	if err := group.Wait(); err != nil {
		return nil, nil, err
	}
	p := newPatch(c, base)
	for _, place := range answers {
		if err := place(ctx, p); err != nil {
			return nil, nil, err
		}
	}
	return p.finish(ctx)
}

// rereading is one call of Reread in the making. Its readers ask, and return what puts the
// answer in its place.
type rereading struct {
	c    *Client
	base *inventory.Snapshot
}

func (r *rereading) user(ctx context.Context, id string) (func(context.Context, *patch) error, error) {
	w, err := r.c.user(ctx, id)
	switch {
	case status(err) == http.StatusNotFound:
		return func(_ context.Context, p *patch) error { return p.dropUser(id) }, nil
	case err != nil:
		return nil, vanished("user", id, err)
	}
	return func(ctx context.Context, p *patch) error { return p.user(ctx, w) }, nil
}

// seatOf is the id of the license that a person has.
func (c *Client) seatOf(ctx context.Context, id string) (string, error) {
	var license pd.APIObject
	_, err := c.getKey(ctx, "/users/{}/license", []string{id}, nil, "license", &license)
	return license.ID, err
}

func (r *rereading) team(ctx context.Context, id string) (func(context.Context, *patch) error, error) {
	w, _, err := getOne[wireTeam](ctx, r.c, "/teams/{}", id, nil, "team")
	switch {
	case status(err) == http.StatusNotFound:
		return func(_ context.Context, p *patch) error { return p.dropTeam(id) }, nil
	case err != nil:
		return nil, vanished("team", id, err)
	}
	return func(_ context.Context, p *patch) error {
		p.again[id] = true
		return p.team(w)
	}, nil
}

func (r *rereading) schedule(ctx context.Context, id string) (func(context.Context, *patch) error, error) {
	is, err := r.c.Schedule(ctx, id, r.base.Account.Window)
	if err != nil {
		return nil, vanished("schedule", id, err)
	}
	return func(_ context.Context, p *patch) error { return p.schedule(is) }, nil
}

func (r *rereading) policy(ctx context.Context, id string) (func(context.Context, *patch) error, error) {
	w, _, err := getOne[wirePolicy](ctx, r.c, "/escalation_policies/{}", id, policyQuery, "escalation_policy")
	switch {
	case status(err) == http.StatusNotFound:
		return func(_ context.Context, p *patch) error { p.dropPolicy(id); return nil }, nil
	case err != nil:
		return nil, vanished("escalation policy", id, err)
	}
	return func(_ context.Context, p *patch) error { return p.policy(w) }, nil
}
