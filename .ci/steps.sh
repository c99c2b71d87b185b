# What .ci/run and .ci/long share: steps that are announced, timed and counted.
# Sourced by bash with the repository as working directory.

failed=()
count=0
SECONDS=0

# say prints a line that stands out from a step's own output.
say() { printf '\n== %s\n' "$*"; }

# step NAME COMMAND... runs the command; a failure is kept for the last line and
# the next step goes on, so that one run tells everything that is wrong.
step() {
	local name=$1 began=$SECONDS
	shift
	say "$name"
	count=$((count + 1))
	if "$@"; then
		printf '   ok, %d s\n' $((SECONDS - began))
	else
		printf '   FAILED, %d s\n' $((SECONDS - began))
		failed+=("$name")
	fi
}

# skip NAME WHY says what is not run here.
skip() {
	say "$1"
	printf '   skipped: %s\n' "$2"
}

# fuzz_targets prints "package target" for each fuzz target of the module.
fuzz_targets() {
	go test -list '^Fuzz' ./... | awk '
		/^Fuzz/ { waiting[++n] = $1; next }
		/^ok/   { for (i = 1; i <= n; i++) print $2, waiting[i] }
		        { n = 0 }'
}

# fuzz TIME fuzzes every target for that time.
fuzz() {
	local listing package target
	listing=$(fuzz_targets) || return 1
	[ -n "$listing" ] || { echo 'no fuzz targets found'; return 1; }
	while read -r package target; do
		printf '   %s %s\n' "$package" "$target"
		go test -run '^$' -fuzz "^$target\$" -fuzztime "$1" "$package" || return 1
	done <<<"$listing"
}

# finish prints the plain last line and exits.
finish() {
	local took
	took=$(printf '%d min %02d s' $((SECONDS / 60)) $((SECONDS % 60)))
	if [ ${#failed[@]} -eq 0 ]; then
		printf '\n%s: all %d steps passed in %s\n' "$1" "$count" "$took"
		exit 0
	fi
	local list
	list=$(printf '%s; ' "${failed[@]}")
	printf '\n%s: %d of %d steps failed in %s: %s\n' "$1" ${#failed[@]} "$count" "$took" "${list%; }"
	exit 1
}
