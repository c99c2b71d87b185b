// PagerDuty's JavaScript client, unmodified, at work on the simulator. It speaks to
// https://api.pagerduty.com alone: what it fetches is fetched from the address given.
const fetching = require('cross-fetch');
const fetchHere = fetching.default;
const redirected = (url, options) => fetchHere(String(url).replace('https://api.pagerduty.com', process.argv[2]), options);
require.cache[require.resolve('cross-fetch')].exports = Object.assign(redirected, fetching, { default: redirected });
const { api } = require('@pagerduty/pdjs');
const assert = require('assert');

const pd = api({ token: 'any' });
const headers = { From: 'dan.weber@acme.test' };
const at = hours => new Date(Date.now() + hours * 3600e3).toISOString();
const ref = (id, type) => ({ id, type: `${type}_reference` });
// made makes a thing and answers it.
async function made(path, name, thing) {
  const { data } = await pd.post(path, { headers, data: { [name]: thing } });
  assert(data[name] && data[name].id, `${path}: ${JSON.stringify(data)}`);
  return data[name];
}
const status = async (want, answer) => assert.strictEqual((await answer).status, want);

(async () => {
  const people = (await pd.all('/users', { queryParameters: { limit: '7', 'include[]': ['contact_methods', 'notification_rules', 'teams'] } })).resource;
  assert(people.length > 40 && new Set(people.map(u => u.id)).size === people.length, 'pages miss or repeat somebody');
  assert(people.every(u => u.contact_methods.every(m => m.address)), 'contact methods are not whole');
  assert.strictEqual((await pd.get('/users/me')).data.user.email, headers.From);

  const user = await made('/users', 'user', { type: 'user', name: 'Js Client', email: 'js@acme.test' });
  await status(200, pd.put(`/users/${user.id}`, { data: { user: { ...user, role: 'limited_user' } } }));
  const team = await made('/teams', 'team', { type: 'team', name: 'Js Team' });
  await status(204, pd.put(`/teams/${team.id}/users/${user.id}`, { data: { role: 'manager' } }));
  const schedule = await made('/schedules', 'schedule', {
    type: 'schedule', name: 'Js Schedule', time_zone: 'America/New_York',
    schedule_layers: [{ name: 'Layer', start: at(0), rotation_virtual_start: at(0), rotation_turn_length_seconds: 86400, users: [{ user: ref(user.id, 'user') }] }],
  });
  const override = { start: at(1), end: at(2), user: ref(people[0].id, 'user') };
  const [outcome] = (await pd.post(`/schedules/${schedule.id}/overrides`, { data: { overrides: [override] } })).data;
  assert.strictEqual(outcome.status, 201);
  const window = { queryParameters: { since: at(0), until: at(24) } };
  assert.strictEqual((await pd.get(`/schedules/${schedule.id}/overrides`, window)).data.overrides.length, 1);
  assert.strictEqual((await pd.get(`/schedules/${schedule.id}/users`, window)).data.users.length, 2);

  const policy = await made('/escalation_policies', 'escalation_policy', {
    type: 'escalation_policy', name: 'Js Policy', escalation_rules: [{ escalation_delay_in_minutes: 10, targets: [ref(schedule.id, 'schedule')] }],
  });
  const service = await made('/services', 'service', { type: 'service', name: 'Js Service', escalation_policy: ref(policy.id, 'escalation_policy') });
  const hook = await made('/webhook_subscriptions', 'webhook_subscription', {
    type: 'webhook_subscription', delivery_method: { type: 'http_delivery_method', url: 'https://example.com/hook' },
    events: ['incident.triggered'], filter: ref(service.id, 'service'),
  });
  assert(hook.delivery_method.secret);
  const incident = await made('/incidents', 'incident', { type: 'incident', title: 'It broke', service: ref(service.id, 'service') });
  assert.strictEqual(incident.assignments[0].assignee.id, user.id);
  await status(200, pd.put(`/incidents/${incident.id}`, { headers, data: { incident: { type: 'incident', status: 'acknowledged' } } }));
  await status(200, pd.post(`/incidents/${incident.id}/notes`, { headers, data: { note: { content: 'Looking' } } }));
  const [open] = (await pd.all('/incidents', { queryParameters: { 'statuses[]': ['acknowledged'], 'include[]': ['users', 'services'] } })).resource;
  assert.strictEqual(open.assignments[0].assignee.email, 'js@acme.test');
  assert.strictEqual(open.service.type, 'service');
  assert((await pd.all('/log_entries', { queryParameters: { since: at(-1), 'include[]': ['channels'] } })).resource.length > 3);
  const [level] = (await pd.all('/oncalls', { queryParameters: { 'escalation_policy_ids[]': [policy.id], 'include[]': ['users', 'schedules'] } })).resource;
  assert.strictEqual(level.user.email, 'js@acme.test');
  await status(400, pd.delete(`/users/${user.id}`));
  await status(200, pd.put('/incidents', { headers, data: { incidents: [{ id: incident.id, type: 'incident', status: 'resolved' }] } }));
  await status(404, pd.get('/nothing'));

  for (const path of [`/webhook_subscriptions/${hook.id}`, `/services/${service.id}`, `/escalation_policies/${policy.id}`, `/schedules/${schedule.id}`, `/users/${user.id}`, `/teams/${team.id}`]) {
    await status(204, pd.delete(path));
  }
})().catch(error => { console.error(error); process.exitCode = 1; });
