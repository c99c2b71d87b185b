terraform {
  required_providers { pagerduty = { source = "pagerduty/pagerduty" } }
}
provider "pagerduty" {
  token            = "any"
  api_url_override = var.address
}
variable "suffix" { default = "" }
variable "address" {}
variable "future" {}
locals { people = { ann = "Ann", ben = "Ben", cat = "Cat", dan = "Dan", eve = "Eve" } }
resource "pagerduty_user" "p" {
  for_each  = local.people
  name      = "TF  ${each.value} ${var.suffix}"
  email     = "TF.${each.key}@acme.test"
  role      = "limited_user"
  job_title = "SRE"
}
resource "pagerduty_user_contact_method" "phone" {
  for_each     = local.people
  user_id      = pagerduty_user.p[each.key].id
  type         = "phone_contact_method"
  country_code = "+1"
  address      = "4153013${index(keys(local.people), each.key) + 250}"
  label        = "Work"
}
resource "pagerduty_user_contact_method" "sms" {
  user_id      = pagerduty_user.p["ann"].id
  type         = "sms_contact_method"
  country_code = "+49"
  address      = "15112345678"
  label        = "Mobile${var.suffix}"
}
resource "pagerduty_user_notification_rule" "r" {
  for_each               = local.people
  user_id                = pagerduty_user.p[each.key].id
  start_delay_in_minutes = var.suffix == "" ? 1 : 2
  urgency                = "high"
  contact_method {
    type = "phone_contact_method"
    id   = pagerduty_user_contact_method.phone[each.key].id
  }
}
resource "pagerduty_team" "top" { name = "TF Top${var.suffix}" }
resource "pagerduty_team" "sub" {
  name   = "TF Sub"
  parent = pagerduty_team.top.id
}
resource "pagerduty_team" "other" {
  name        = "TF Other"
  description = "x${var.suffix}"
}
resource "pagerduty_team_membership" "m" {
  for_each = local.people
  team_id  = pagerduty_team.sub.id
  user_id  = pagerduty_user.p[each.key].id
  role     = var.suffix == "" ? "responder" : "manager"
}
resource "pagerduty_schedule" "s" {
  count     = 3
  name      = "TF Layers ${count.index}${var.suffix}"
  time_zone = "Europe/Berlin"
  teams     = [pagerduty_team.sub.id]
  layer {
    name                         = "Night"
    start                        = var.future
    rotation_virtual_start       = "2026-12-01T20:00:00+01:00"
    rotation_turn_length_seconds = 86400
    users                        = var.suffix == "" ? [pagerduty_user.p["ann"].id, pagerduty_user.p["ben"].id] : [pagerduty_user.p["ben"].id, pagerduty_user.p["ann"].id, pagerduty_user.p["cat"].id]
    restriction {
      type              = "daily_restriction"
      start_time_of_day = "08:00:00"
      duration_seconds  = 32400
    }
  }
  layer {
    name                         = "Day"
    start                        = "2015-11-06T20:00:00-05:00"
    rotation_virtual_start       = "2015-11-06T20:00:00-05:00"
    rotation_turn_length_seconds = 604800
    users                        = [pagerduty_user.p["cat"].id]
    restriction {
      type              = "weekly_restriction"
      start_time_of_day = "08:00:00"
      start_day_of_week = 1
      duration_seconds  = 32400
    }
  }
}
resource "pagerduty_schedulev2" "v" {
  count     = 2
  name      = "TF Shifts ${count.index}${var.suffix}"
  description = "Shifts"
  time_zone = "Europe/Berlin"
  teams     = [pagerduty_team.other.id]
  rotation {
    event {
      name            = "Week"
      start_time      = var.future
      end_time        = timeadd(var.future, "8h")
      effective_since = var.future
      recurrence      = [var.suffix == "" ? "RRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR" : "RRULE:FREQ=DAILY"]
      assignment_strategy {
        type              = "rotating_member_assignment_strategy"
        shifts_per_member = 1
        member {
          type    = "user_member"
          user_id = pagerduty_user.p["dan"].id
        }
        member {
          type    = "user_member"
          user_id = pagerduty_user.p["eve"].id
        }
      }
    }
  }
}
resource "pagerduty_escalation_policy" "e" {
  count     = 2
  name      = "TF Policy ${count.index}"
  num_loops = 2
  teams     = var.suffix == "" ? [pagerduty_team.sub.id] : []
  rule {
    escalation_delay_in_minutes = 10
    escalation_rule_assignment_strategy { type = "round_robin" }
    target {
      type = "schedule_reference"
      id   = pagerduty_schedule.s[count.index].id
    }
    target {
      type = "user_reference"
      id   = pagerduty_user.p["eve"].id
    }
  }
  rule {
    escalation_delay_in_minutes = 15
    target {
      type = "schedule_reference"
      id   = pagerduty_schedulev2.v[count.index].id
    }
  }
}
resource "pagerduty_service" "svc" {
  count                   = 2
  name                    = "TF Service ${count.index}${var.suffix}"
  auto_resolve_timeout    = 14400
  acknowledgement_timeout = 600
  escalation_policy       = pagerduty_escalation_policy.e[count.index].id
  incident_urgency_rule {
    type = "use_support_hours"
    during_support_hours {
      type    = "constant"
      urgency = "high"
    }
    outside_support_hours {
      type    = "constant"
      urgency = "low"
    }
  }
  support_hours {
    type         = "fixed_time_per_day"
    time_zone    = "America/Lima"
    start_time   = "09:00:00"
    end_time     = "17:00:00"
    days_of_week = [1, 2, 3, 4, 5]
  }
  scheduled_actions {
    type       = "urgency_change"
    to_urgency = "high"
    at {
      type = "named_time"
      name = "support_hours_start"
    }
  }
}
resource "pagerduty_tag" "t" { label = "tf-tag${var.suffix}" }
resource "pagerduty_tag_assignment" "ta" {
  tag_id      = pagerduty_tag.t.id
  entity_type = "users"
  entity_id   = pagerduty_user.p["ann"].id
}
resource "pagerduty_business_service" "b" {
  name        = "TF Business"
  description = "b${var.suffix}"
  team        = pagerduty_team.other.id
}
resource "pagerduty_maintenance_window" "w" {
  start_time  = var.future
  end_time    = timeadd(var.future, "2h")
  services    = [pagerduty_service.svc[0].id]
  description = "w${var.suffix}"
}
data "pagerduty_vendor" "dd" { name = "Datadog" }
data "pagerduty_priority" "p1" { name = "P1" }
data "pagerduty_extension_schema" "hook" { name = "Generic V2 Webhook" }
data "pagerduty_user" "dan" { email = "dan.weber@acme.test" }
resource "pagerduty_service_integration" "i" {
  name    = "Datadog${var.suffix}"
  service = pagerduty_service.svc[0].id
  vendor  = data.pagerduty_vendor.dd.id
}
resource "pagerduty_extension" "x" {
  name              = "Hook${var.suffix}"
  endpoint_url      = "https://example.com/receive"
  extension_schema  = data.pagerduty_extension_schema.hook.id
  extension_objects = [pagerduty_service.svc[0].id]
}
resource "pagerduty_webhook_subscription" "hook" {
  delivery_method {
    type = "http_delivery_method"
    url  = "https://example.com/receive"
  }
  description = "hook${var.suffix}"
  events      = ["incident.triggered", "incident.acknowledged"]
  active      = true
  filter {
    id   = pagerduty_service.svc[0].id
    type = "service_reference"
  }
  type = "webhook_subscription"
}
resource "pagerduty_user_handoff_notification_rule" "h" {
  user_id                   = pagerduty_user.p["ann"].id
  handoff_type              = var.suffix == "" ? "both" : "oncall"
  notify_advance_in_minutes = 180
  contact_method {
    id   = pagerduty_user_contact_method.phone["ann"].id
    type = "phone_contact_method"
  }
}
