// Package base finds what `plan --base` compares with: policies and configuration as they
// are in another directory, or at a revision of git.
package base

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/secret"
	"github.com/dutyward/dutyward/policies/eval"
)

// Policies are the policies that `plan --base` compares with: the roots and
// schemas as they are at a git revision or in a directory, under the names that
// they have here.
type Policies struct {
	Options eval.Options
	// Called is what messages call them.
	Called string
	// temporary is a directory to remove; may be empty.
	temporary string
}

// Remove removes what was written to load them.
func (b *Policies) Remove() {
	if b.temporary != "" {
		os.RemoveAll(b.temporary)
	}
}

// Find finds what --base names: a directory if there is one of that name,
// else a revision of the repository that holds the policies.
func Find(ctx context.Context, base string, here eval.Options) (*Policies, error) {
	if info, err := os.Stat(base); err == nil && info.IsDir() {
		return directoryBase(base, here)
	}
	return revisionBase(ctx, base, here)
}

// Configuration is the text of a configuration's file at a base, in a directory or at
// a revision; nil if it is not there.
func Configuration(ctx context.Context, base, file string) ([]byte, error) {
	if file == "" {
		return nil, nil
	}
	if info, err := os.Stat(base); err == nil && info.IsDir() {
		there := filepath.Join(base, file)
		if !filepath.IsLocal(file) || !isFile(there) {
			return nil, nil
		}
		return os.ReadFile(there)
	}
	dir, err := os.MkdirTemp("", "dutyward-base-")
	if err != nil {
		return nil, fmt.Errorf("--base %s: %w", base, err)
	}
	defer os.RemoveAll(dir)
	there, err := fileAt(ctx, base, file, dir)
	if err != nil {
		return nil, fmt.Errorf("--base %s: %w", base, err)
	}
	if there == "" {
		return nil, nil
	}
	return os.ReadFile(there)
}

// fileAt writes a file as it was at a revision to a directory, and returns its path
// there; empty if it was not there.
func fileAt(ctx context.Context, ref, file, dir string) (string, error) {
	tree, err := treeAt(ctx, ref, filepath.Dir(file))
	if err != nil {
		return "", err
	}
	name := filepath.Base(file)
	if err := tree.extract(ctx, dir, func(p string) bool { return p == name }); err != nil {
		return "", err
	}
	there := filepath.Join(dir, name)
	if !isFile(there) {
		return "", nil
	}
	return there, nil
}

// directoryBase finds the roots in another directory. It is another checkout,
// which holds them where this directory does, or it is itself the only root.
func directoryBase(dir string, here eval.Options) (*Policies, error) {
	b := &Policies{Called: dir, Options: here}
	b.Options.Roots, b.Options.As = nil, map[string]string{}
	for _, root := range here.Roots {
		there := filepath.Join(dir, root)
		switch info, err := os.Stat(there); {
		case !filepath.IsAbs(root) && filepath.IsLocal(root) && err == nil && info.IsDir():
		case len(here.Roots) == 1:
			there = dir
		default:
			return nil, fmt.Errorf("--base %s: it holds no %s; with several policy roots it must be a directory that holds all of them, as another checkout does", dir, root)
		}
		b.Options.Roots = append(b.Options.Roots, there)
		b.Options.As[there] = root
	}
	b.Options.Schemas = maps.Clone(here.Schemas)
	for document, file := range here.Schemas {
		if there := filepath.Join(dir, file); filepath.IsLocal(file) && isFile(there) {
			b.Options.Schemas[document] = there
		}
	}
	return b, nil
}

func isFile(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.Mode().IsRegular()
}

// revisionBase takes the roots out of git. A root or schema that is not there
// yet is none: it came with the change.
func revisionBase(ctx context.Context, ref string, here eval.Options) (_ *Policies, err error) {
	dir, err := os.MkdirTemp("", "dutyward-base-")
	if err != nil {
		return nil, fmt.Errorf("--base %s: %w", ref, err)
	}
	b := &Policies{Called: ref, Options: here, temporary: dir}
	defer func() {
		if err != nil {
			b.Remove()
			err = fmt.Errorf("--base %s: %w", ref, err)
		}
	}()
	b.Options.Roots, b.Options.As, b.Options.Schemas = nil, map[string]string{}, map[string]string{}
	for i, root := range here.Roots {
		there := filepath.Join(dir, fmt.Sprint(i))
		if err := os.Mkdir(there, 0o700); err != nil {
			return nil, err
		}
		tree, err := treeAt(ctx, ref, root)
		if err != nil {
			return nil, err
		}
		if err := tree.extract(ctx, there, isPolicyFile); err != nil {
			return nil, err
		}
		b.Options.Roots = append(b.Options.Roots, there)
		b.Options.As[there] = root
	}
	for _, document := range slices.Sorted(maps.Keys(here.Schemas)) {
		own := filepath.Join(dir, "schema-"+document)
		if err := os.Mkdir(own, 0o700); err != nil {
			return nil, err
		}
		there, err := fileAt(ctx, ref, here.Schemas[document], own)
		if err != nil {
			return nil, err
		}
		if there != "" {
			b.Options.Schemas[document] = there
		}
	}
	return b, nil
}

func isPolicyFile(p string) bool {
	for _, part := range strings.Split(p, "/") {
		if strings.HasPrefix(part, ".") {
			return false
		}
	}
	return slices.Contains([]string{".rego", ".json", ".yaml", ".yml"}, path.Ext(p))
}

// gitTree is a directory of a repository at a revision.
type gitTree struct {
	repository string
	commit     string
	// prefix is the directory within the repository, with slashes and one at its
	// end; empty for the whole.
	prefix string
}

// treeAt is a directory as it was at a revision of its repository.
func treeAt(ctx context.Context, ref, dir string) (*gitTree, error) {
	at := dir
	for { // the directory may be newer, or older, than the working tree
		if info, err := os.Stat(at); err == nil && info.IsDir() {
			break
		}
		if filepath.Dir(at) == at {
			break
		}
		at = filepath.Dir(at)
	}
	top, err := git(ctx, at, "rev-parse", "--show-toplevel")
	if err != nil {
		if absolute, err := filepath.Abs(at); err == nil {
			at = absolute
		}
		if !versioned(at) {
			return nil, fmt.Errorf("there is no directory of that name, and %s is in no git repository: name another checkout's directory", at)
		}
		return nil, fmt.Errorf("there is no directory of that name, and the git repository of %s can't be read: %w", at, err)
	}
	commit, err := git(ctx, top, "rev-parse", "--verify", "--quiet", "--end-of-options", ref+"^{commit}")
	if err != nil {
		if near := nearestRevision(ctx, top, ref); near != "" {
			return nil, fmt.Errorf("there is no directory of that name, and no such revision in %s; did you mean %s?", top, near)
		}
		return nil, fmt.Errorf("there is no directory of that name, and no such revision in %s: fetch it first (git fetch origin %s; actions/checkout wants fetch-depth: 0)",
			top, strings.TrimPrefix(ref, "origin/"))
	}
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if real, err := filepath.EvalSymlinks(absolute); err == nil {
		absolute = real
	}
	prefix, err := filepath.Rel(top, absolute)
	if err != nil {
		return nil, err
	}
	t := &gitTree{repository: top, commit: commit}
	if prefix != "." {
		t.prefix = filepath.ToSlash(prefix) + "/"
	}
	return t, nil
}

// versioned says that a directory or one above it has what git keeps.
func versioned(dir string) bool {
	dir, err := filepath.Abs(dir)
	for err == nil {
		if _, missing := os.Stat(filepath.Join(dir, ".git")); missing == nil {
			return true
		}
		if filepath.Dir(dir) == dir {
			return false
		}
		dir = filepath.Dir(dir)
	}
	return true // unknown: git says why
}

// nearestRevision is the branch or tag that somebody may have meant; empty if none is
// called so.
func nearestRevision(ctx context.Context, top, ref string) string {
	names, err := git(ctx, top, "for-each-ref", "--format=%(refname:short)", "refs/heads", "refs/remotes", "refs/tags")
	if err != nil {
		return ""
	}
	near, _ := inventory.Nearest(ref, append(strings.Fields(names), "HEAD"))
	return near
}

// maxBlob bounds a file of the repository.
const maxBlob = 128 << 20

// extract writes the files that are wanted, by their path in the directory.
func (t *gitTree) extract(ctx context.Context, to string, wanted func(string) bool) error {
	list, err := git(ctx, t.repository, "ls-tree", "-r", "-l", "-z", "--full-tree", t.commit, "--", ":(literal)"+t.prefix)
	if t.prefix == "" {
		list, err = git(ctx, t.repository, "ls-tree", "-r", "-l", "-z", "--full-tree", t.commit)
	}
	if err != nil {
		return err
	}
	var files, objects []string
	for _, entry := range strings.Split(list, "\x00") {
		facts, name, ok := strings.Cut(entry, "\t")
		fields := strings.Fields(facts)
		name, inside := strings.CutPrefix(name, t.prefix)
		if !ok || !inside || len(fields) != 4 || !wanted(name) {
			continue
		}
		if fields[0] == "120000" || fields[1] != "blob" {
			return fmt.Errorf("%s%s is a link or a submodule there: compare with a checkout instead (git worktree add DIR %s; --base DIR)", t.prefix, name, t.commit[:12])
		}
		if size, err := strconv.ParseInt(fields[3], 10, 64); err != nil || size > maxBlob {
			return fmt.Errorf("%s%s is larger than %d MiB there", t.prefix, name, maxBlob>>20)
		}
		files, objects = append(files, name), append(objects, fields[2])
	}
	return t.write(ctx, to, files, objects)
}

// write writes the contents of objects to files.
func (t *gitTree) write(ctx context.Context, to string, files, objects []string) error {
	cmd := gitCommand(ctx, t.repository, "cat-file", "--batch")
	cmd.Stdin = strings.NewReader(strings.Join(objects, "\n") + "\n")
	out, err := cmd.Output()
	if err != nil {
		return gitError(err)
	}
	in := bufio.NewReader(bytes.NewReader(out))
	for _, name := range files {
		var object, kind string
		var size int64
		if _, err := fmt.Fscanf(in, "%s %s %d\n", &object, &kind, &size); err != nil {
			return fmt.Errorf("git cat-file: %s: %w", name, err)
		}
		content := make([]byte, size)
		if _, err := io.ReadFull(in, content); err != nil {
			return fmt.Errorf("git cat-file: %s: %w", name, err)
		}
		if _, err := in.ReadByte(); err != nil {
			return fmt.Errorf("git cat-file: %s: %w", name, err)
		}
		file := filepath.Join(to, filepath.FromSlash(name))
		if !filepath.IsLocal(filepath.FromSlash(name)) {
			return fmt.Errorf("git has a file called %s", name)
		}
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o700), os.WriteFile(file, content, 0o600)); err != nil {
			return err
		}
	}
	return nil
}

// git runs git in a directory and returns what it prints.
func git(ctx context.Context, dir string, args ...string) (string, error) {
	out, err := gitCommand(ctx, dir, args...).Output()
	return strings.TrimSuffix(string(out), "\n"), gitError(err)
}

// ofGit are the variables that git gets: the token may stand in another.
var ofGit = regexp.MustCompile(`(?i)^(PATH|HOME|USER|LOGNAME|LANG|TMPDIR|TEMP|TMP|SYSTEMROOT|APPDATA|USERPROFILE|(LC|GIT|SSH|XDG)_\w+|(HTTPS?|ALL|NO)_PROXY)=`)

func gitCommand(ctx context.Context, dir string, args ...string) *exec.Cmd {
	// What a repository's configuration names is not run while it is read.
	cmd := exec.CommandContext(ctx, "git", append([]string{"-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null"}, args...)...)
	cmd.Dir = dir
	cmd.Env = slices.DeleteFunc((*secret.Keeper)(nil).Environ(os.Environ()), func(kv string) bool { return !ofGit.MatchString(kv) })
	return cmd
}

func gitError(err error) error {
	var failed *exec.ExitError
	if errors.As(err, &failed) && len(failed.Stderr) > 0 {
		return fmt.Errorf("git: %s", strings.TrimSpace(string(failed.Stderr)))
	}
	if err != nil {
		return fmt.Errorf("git: %w", err)
	}
	return nil
}
