"""PagerDuty's Python client, unmodified, at work on the simulator."""
import datetime as dt
import sys

import pagerduty

client = pagerduty.RestApiV2Client("any")
client._url = sys.argv[1]  # its setter takes https alone
headers = {"From": "dan.weber@acme.test"}
now = dt.datetime.now(dt.timezone.utc)


def at(hours):
    return (now + dt.timedelta(hours=hours)).isoformat()


def ref(thing, kind):
    return {"id": thing["id"], "type": kind + "_reference"}


include = {"include[]": ["contact_methods", "notification_rules", "teams"]}
people = list(client.iter_all("users", page_size=7, params=include))
assert len({u["id"] for u in people}) == len(people) > 40, "pages miss or repeat somebody"
assert all(m["address"] for u in people for m in u["contact_methods"]), "contact methods are not whole"
assert client.api_key_access == "user" and client.subdomain == "acme"

user = client.rpost("users", json={"type": "user", "name": "Py Client", "email": "py@acme.test"})
assert client.find("users", "py@acme.test", attribute="email")["id"] == user["id"]
user = client.persist("users", "email", {"type": "user", "name": "Py Client II", "email": "py@acme.test"}, update=True)
user = client.rput(user, json=user)
assert user["name"] == "Py Client II"
method = client.rpost(user["self"] + "/contact_methods", json={
    "type": "phone_contact_method", "label": "Mobile", "address": "5555550100", "country_code": 1})
client.rpost(user["self"] + "/notification_rules", json={
    "type": "assignment_notification_rule", "start_delay_in_minutes": 3, "urgency": "high", "contact_method": {"id": method["id"], "type": method["type"]}})
team = client.rpost("teams", json={"type": "team", "name": "Py Team"})
client.put(f"/teams/{team['id']}/users/{user['id']}", json={"role": "responder"}).raise_for_status()
assert [m["user"]["id"] for m in client.iter_all(f"/teams/{team['id']}/members")] == [user["id"]]

schedule = client.rpost("schedules", json={"type": "schedule", "name": "Py Schedule", "time_zone": "Europe/Berlin", "schedule_layers": [
    {"name": "Layer", "start": at(0), "rotation_virtual_start": at(0), "rotation_turn_length_seconds": 86400, "users": [{"user": ref(user, "user")}]}]})
outcome = client.post(f"/schedules/{schedule['id']}/overrides", json={"overrides": [{"start": at(1), "end": at(2), "user": ref(people[0], "user")}]})
assert outcome.json()[0]["status"] == 201
assert len(client.rget(f"/schedules/{schedule['id']}/overrides", params={"since": at(0), "until": at(24)})) == 1
policy = client.rpost("escalation_policies", json={"type": "escalation_policy", "name": "Py Policy", "escalation_rules": [
    {"escalation_delay_in_minutes": 10, "targets": [ref(schedule, "schedule")]}]})
service = client.rpost("services", json={"type": "service", "name": "Py Service", "escalation_policy": ref(policy, "escalation_policy")})
hook = client.rpost("webhook_subscriptions", json={
    "type": "webhook_subscription", "delivery_method": {"type": "http_delivery_method", "url": "https://example.com/hook"},
    "events": ["incident.triggered"], "filter": ref(service, "service")})
assert hook["id"] in [h["id"] for h in client.iter_all("webhook_subscriptions")]

incident = client.rpost("incidents", json={"type": "incident", "title": "It broke", "service": ref(service, "service")}, headers=headers)
incident = client.rput(incident["self"], json={"type": "incident", "status": "acknowledged"}, headers=headers)
client.post(f"/incidents/{incident['id']}/notes", json={"note": {"content": "Looking"}}, headers=headers).raise_for_status()
found = list(client.iter_all("incidents", params={"statuses[]": ["acknowledged"], "include[]": ["users", "services"]}))
assert found[0]["assignments"][0]["assignee"]["email"] == "py@acme.test" and found[0]["service"]["type"] == "service"
kinds = {e["type"] for e in client.iter_history("/log_entries", now - dt.timedelta(hours=1), now + dt.timedelta(hours=1))}
assert kinds >= {"trigger_log_entry", "acknowledge_log_entry", "annotate_log_entry"}, kinds
assert len(list(client.iter_all("oncalls", params={"escalation_policy_ids[]": [policy["id"]]}))) == 1
assert client.delete(f"/users/{user['id']}").status_code == 400
client.rput("incidents", json=[{"id": incident["id"], "type": "incident", "status": "resolved"}], headers=headers)
assert list(client.iter_cursor("/audit/records", params={"since": at(-1)}))

for thing in (hook, service, policy, schedule, user, team):
    client.rdelete(thing.get("self") or f"/webhook_subscriptions/{thing['id']}")
