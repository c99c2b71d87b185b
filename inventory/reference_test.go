package inventory_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dutyward/dutyward/inventory"
)

func TestReferencesReadAsTheyAreWritten(t *testing.T) {
	for text, want := range map[string]inventory.Ref{
		"account":               {Kind: inventory.KindAccount},
		"user:Ann@Acme.com":     {Kind: inventory.KindUser, Name: "Ann@Acme.com"},
		"user:#PANN":            {Kind: inventory.KindUser, ID: "PANN"},
		"group:payments-oncall": {Kind: inventory.KindGroup, Name: "payments-oncall"},
		"group:#1":              {Kind: inventory.KindGroup, Name: "#1"},
		"oncall:Payments: EU":   {Kind: inventory.KindOnCall, Name: "Payments: EU"},
		"escalation:Payments":   {Kind: inventory.KindEscalation, Name: "Payments"},
		"escalation@2:Payments": {Kind: inventory.KindEscalation, Name: "Payments", Level: 2},
		"escalation@12:#PESC":   {Kind: inventory.KindEscalation, ID: "PESC", Level: 12},
		"rotation: Payments ":   {Kind: inventory.KindRotation, Name: " Payments "},
		"team:*":                {Kind: inventory.KindTeam, Name: "*"},
		"schedule:#P:1":         {Kind: inventory.KindSchedule, ID: "P:1"},
		"service:Checkout":      {Kind: inventory.KindService, Name: "Checkout"},
	} {
		t.Run(text, func(t *testing.T) {
			got, err := inventory.ParseRef(text)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("reference (-want +got):\n%s", diff)
			}
			if got.String() != text {
				t.Errorf("is written as %q", got)
			}
		})
	}
}

func TestWhatIsNoReferenceIsRefusedWithWhatWasExpected(t *testing.T) {
	for text, says := range map[string]string{
		"":                         "expected kind:name",
		"Payments":                 `"Payments" is not a reference: expected kind:name`,
		"Account":                  "expected kind:name",
		"account:":                 `"account" is not a kind`,
		"tean:Payments":            `"tean" is not a kind of reference: expected user, group`,
		"team:":                    "a name must follow the colon",
		"team:#":                   "a PagerDuty id must follow the '#'",
		"user:Ann":                 "never by display name",
		"team@1:Payments":          "expected escalation@LEVEL",
		"escalation@:Payments":     "level from 1",
		"escalation@0:Payments":    "level from 1",
		"escalation@01:Payments":   "level from 1",
		"escalation@+1:Payments":   "level from 1",
		"escalation@most:Payments": "level from 1",
	} {
		t.Run(text, func(t *testing.T) {
			r, err := inventory.ParseRef(text)
			if err == nil || !strings.Contains(err.Error(), says) {
				t.Errorf("got %v and the error %v, which does not say %s", r, err, says)
			}
		})
	}
}

func FuzzReferencesSurviveWritingAndReading(f *testing.F) {
	for _, seed := range []string{"account", "user:ann@acme.com", "escalation@1:#P", "group:#a", "team:a:b", "team:#", "@:"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := inventory.ParseRef(text)
		if err != nil {
			return
		}
		again, err := inventory.ParseRef(r.String())
		if err != nil || again != r || r.String() != text {
			t.Errorf("%q reads as %+v, is written as %q and reads as %+v, %v", text, r, r, again, err)
		}
	})
}

func TestReferencesInJSONAreTheirText(t *testing.T) {
	type holder struct {
		Resource inventory.Ref `json:"resource"`
		None     inventory.Ref `json:"none"`
	}
	want := `{"resource":"team:#PABC123","none":""}`
	data, err := json.Marshal(holder{Resource: inventory.ByID(inventory.KindTeam, "PABC123")})
	if err != nil || string(data) != want {
		t.Fatalf("got %s, %v", data, err)
	}
	var h holder
	if err := json.Unmarshal(data, &h); err != nil || h.Resource.ID != "PABC123" || !h.None.IsZero() {
		t.Errorf("read back as %+v, %v", h, err)
	}
	if err := json.Unmarshal([]byte(`{"resource":"nothing"}`), &h); err == nil {
		t.Error("a text that is no reference was read")
	}
}

func TestS10_KeysIgnoreTheCaseOfEMailsAndNothingElse(t *testing.T) {
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"user:Ann@Acme.com", "user:ann@acme.com", true},
		{"escalation@1:Payments", "escalation:Payments", true},
		{"team:Payments", "team:payments", false},
		{"user:#PANN", "user:#pann", false},
		{"team:Payments", "schedule:Payments", false},
	} {
		a, errA := inventory.ParseRef(c.a)
		b, errB := inventory.ParseRef(c.b)
		if errA != nil || errB != nil {
			t.Fatal(errA, errB)
		}
		if same := a.Key() == b.Key(); same != c.same {
			t.Errorf("%s and %s: same is %v, want %v", c.a, c.b, same, c.same)
		}
	}
}
