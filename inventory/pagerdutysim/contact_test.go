package pagerdutysim_test

import (
	"net/http"
	"testing"
)

func contact(kind, label, address string) fields {
	return fields{"contact_method": fields{"type": kind, "label": label, "address": address, "country_code": 1}}
}

func TestDeletingAContactMethodTakesItsNotificationRulesWithIt(t *testing.T) {
	a := newAPI(t)
	const user = "/users/PBEN001"
	id := a.must(http.StatusCreated, "POST", user+"/contact_methods", contact("sms_contact_method", "Mobile", "4155550100")).text("contact_method", "id")
	rule := fields{"notification_rule": fields{"type": "assignment_notification_rule", "start_delay_in_minutes": 5, "urgency": "high",
		"contact_method": fields{"id": id, "type": "sms_contact_method_reference"}}}
	a.must(http.StatusCreated, "POST", user+"/notification_rules", rule)
	a.refused(http.StatusBadRequest, 2001, "must be unique", "POST", user+"/notification_rules", rule)
	a.refused(http.StatusBadRequest, 2001, "must be unique", "POST", user+"/contact_methods", contact("sms_contact_method", "Again", "4155550100"))
	a.must(http.StatusNoContent, "DELETE", user+"/contact_methods/"+id, nil)
	got := a.must(http.StatusOK, "GET", user+"?include[]=notification_rules", nil)
	if n := len(got.each("id", "user", "notification_rules")); n != 0 {
		t.Errorf("%d notification rules are left", n)
	}
}

func TestANotificationRuleNeedsAContactMethodOfThatPerson(t *testing.T) {
	newAPI(t).refused(http.StatusBadRequest, 2001, "Contact method does not exist", "POST", "/users/PBEN001/notification_rules",
		fields{"notification_rule": fields{"type": "assignment_notification_rule", "start_delay_in_minutes": 0, "urgency": "high",
			"contact_method": fields{"id": "PNOBODY", "type": "email_contact_method_reference"}}})
}

func TestSigningOutTakesTypesThatCanBeRevoked(t *testing.T) {
	a := newAPI(t)
	a.must(http.StatusOK, "DELETE", "/oauth_delegations?user_id=PBEN001&type=web", nil)
	a.must(http.StatusOK, "DELETE", "/oauth_delegations?user_id=PBEN001&type=mobile,web", nil)
	a.refused(http.StatusBadRequest, 2001, "mobile, web or both", "DELETE", "/oauth_delegations?user_id=PBEN001&type=integration", nil)
}
