package pagerdutysim_test

import (
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dutyward/dutyward/inventory/pagerdutysim/contract"
)

// notServed is what docs/simulator.md lists as not simulated, and the beginnings of the
// paths that this means.
var notServed = map[string][]string{
	"add-ons":                    {"/addons"},
	"alert grouping settings":    {"/alert_grouping_settings"},
	"automation actions":         {"/automation_actions"},
	"change events":              {"/change_events", "/services/{id}/change_events", "/incidents/{id}/related_change_events"},
	"event orchestrations":       {"/event_orchestrations"},
	"rulesets":                   {"/rulesets", "/services/{id}/rules"},
	"status pages":               {"/status_pages", "/status_dashboards"},
	"templates":                  {"/templates"},
	"service dependencies":       {"/service_dependencies"},
	"standards":                  {"/standards"},
	"Slack connections":          {"/workspaces"},
	"log entry channels":         {"/log_entries/{id}/channel"},
	"the other analytics":        {"/analytics"},
	"workflows":                  {"/incident_workflows", "/workflows"},
	"custom fields":              {"/incidents/custom_fields", "/incidents/types", "/services/custom_fields", "/services/{id}/custom_fields", "/incidents/{id}/custom_fields"},
	"IP allow lists":             {"/ip_allow_lists"},
	"session configurations":     {"/session_configurations"},
	"enrichment":                 {"/enrichment"},
	"recommendations":            {"/recommendations", "/sre_agent"},
	"paused incident reports":    {"/paused_incident_reports"},
	"business impact":            {"/business_services/impact", "/business_services/priority_thresholds", "/business_services/{id}/supporting_services", "/incidents/{id}/business_services"},
	"subscribers":                {"/business_services/{id}/", "/incidents/{id}/status_updates", "/teams/{id}/notification_subscriptions", "/users/{id}/notification_subscriptions"},
	"alerts of incidents":        {"/incidents/{id}/alerts"},
	"responder requests":         {"/incidents/{id}/responder_requests"},
	"snoozing and merging":       {"/incidents/{id}/snooze", "/incidents/{id}/merge"},
	"past and related incidents": {"/incidents/{id}/past_incidents", "/incidents/{id}/related_incidents", "/incidents/{id}/outlier_incident"},
	"feature enablements":        {"/services/{id}/enablements"},
	"single sessions":            {"/users/{id}/sessions/"},
	"revocation requests":        {"/oauth_delegations/revocation_requests"},
	"private URL keys":           {"/users/{id}/regenerate_private_url_key"},
	"OAuth clients of webhooks":  {"/webhook_subscriptions/oauth_clients"},
	"enabling extensions":        {"/extensions/{id}/enable"},
}

// Each operation of PagerDuty's description is served, or what it is about is on the
// page's list and it answers as an unknown path does.
func TestWhatIsNotServedIsListedAndAnswersAsUnknown(t *testing.T) {
	judge := contract.New(t)
	text, err := os.ReadFile("../../docs/simulator.md")
	if err != nil {
		t.Fatal(err)
	}
	_, list, _ := strings.Cut(string(text), "## What it does not know")
	list = strings.Join(strings.Fields(list), " ")
	for what := range notServed {
		if !strings.Contains(list, what) {
			t.Errorf("docs/simulator.md does not list %q", what)
		}
	}
	offers := offered(t, judge)
	a := newAPI(t)
	// The judge knows the parts of the description that are served; the others are only listed.
	served := map[string]bool{}
	for _, operation := range judge.Operations() {
		method, path, _ := strings.Cut(operation, " ")
		listed := false
		for what, beginnings := range notServed {
			if slices.ContainsFunc(beginnings, func(b string) bool { return strings.HasPrefix(anyID.ReplaceAllString(path, "{id}"), b) }) {
				served[what] = served[what] || offers[operation]
				listed = true
			}
		}
		if offers[operation] {
			continue
		}
		if !listed {
			t.Errorf("%s is neither served nor listed", operation)
		}
		if got := a.call(method, concrete(path), fields{}); got.status != http.StatusNotFound && got.status != http.StatusMethodNotAllowed {
			t.Errorf("%s answers %d", operation, got.status)
		}
	}
	for _, what := range []string{"change events", "responder requests", "snoozing and merging", "feature enablements", "subscribers"} {
		if served[what] {
			t.Errorf("%q is listed, and served", what)
		}
	}
	a.refused(http.StatusNotFound, 2100, "", "GET", "/nothing/of/the/kind", nil)
	if diff := cmp.Diff("Not Found", a.call("POST", "/nothing", fields{}).text("error", "message")); diff != "" {
		t.Error(diff)
	}
}

var anyID = regexp.MustCompile(`\{[^}]*\}`)
