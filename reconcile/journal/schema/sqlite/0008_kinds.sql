-- Changes say what kind of access they are about.
UPDATE intents SET change = json_set(change, '$.kind', CASE
	WHEN change ->> '$.override' IS NOT NULL THEN 'override'
	WHEN resource LIKE 'schedule:%' THEN 'rotation'
	WHEN resource LIKE 'team:%' THEN 'team_role'
	ELSE 'base_role'
END) WHERE coalesce(change ->> '$.kind', '') = '';
