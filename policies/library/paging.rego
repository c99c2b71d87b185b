package dutyward

# METADATA
# title: Whether a person can be woken up
# description: >-
#   True if a notification rule for high urgency uses a contact method other than
#   e-mail that the person has. The person is given as in user, or as in
#   input.users. Undefined otherwise.
can_be_paged(person) if {
	u := _person(person)
	has := {method.type | some method in u.contact_methods}
	some rule in u.notification_rules
	rule.urgency == "high"
	rule.contact != "email_contact_method"
	rule.contact in has
}

_person(person) := person if is_object(person)

_person(key) := user(key) if is_string(key)
