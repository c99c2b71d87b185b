package policies

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/dutyward/dutyward/inventory/regular"
	"github.com/dutyward/dutyward/inventory/secret"
)

// Bounds of what is read: of one policy, of one data file, and of all.
const (
	maxRego  = 16 << 20
	maxFile  = 128 << 20
	maxFiles = maxArchive
)

// file is a file of a policy root.
type file struct {
	// root is the root as configured, path the file's place in it, with slashes.
	root string
	path string
	// name is root and path joined, as messages and origins show it.
	name    string
	content []byte
}

func (f *file) isRego() bool { return strings.HasSuffix(f.path, ".rego") }
func (f *file) isTest() bool { return strings.HasSuffix(f.path, "_test.rego") }
func (f *file) isJSON() bool { return strings.HasSuffix(f.path, ".json") }
func (f *file) isYAML() bool {
	return strings.HasSuffix(f.path, ".yaml") || strings.HasSuffix(f.path, ".yml")
}

// most is how large a file of that name may be.
func (f *file) most() int64 {
	if f.isRego() {
		return maxRego
	}
	return maxFile
}

// isRead says that files of that name are policies or data.
func (f *file) isRead() bool { return f.isRego() || f.isJSON() || f.isYAML() }

// line is a source line, from 1, without its line break; empty if there is no
// such line.
func (f *file) line(n int) string {
	rest := f.content
	for ; n > 1; n-- {
		_, after, found := bytes.Cut(rest, []byte("\n"))
		if !found {
			return ""
		}
		rest = after
	}
	if n < 1 {
		return ""
	}
	line, _, _ := bytes.Cut(rest, []byte("\n"))
	return strings.TrimSuffix(string(line), "\r")
}

// conflicted is where a merge left both versions of something.
var conflicted = regexp.MustCompile(`(?m)^<{7}(?: .*)?$`)

// mergeConflict reports a conflict that a merge left in the file.
func (f *file) mergeConflict(r *report) bool {
	at := conflicted.FindIndex(f.content)
	if at == nil {
		return false
	}
	line, column := f.place(int64(at[0]))
	r.add(Problem{File: f.name, Line: line, Column: column, Found: "a merge conflict",
		Expected: "one of the two versions, without the lines of <<<<<<<, ======= and >>>>>>>"})
	return true
}

// place is the line and column, from 1, of a byte offset.
func (f *file) place(offset int64) (line, column int) {
	before := f.content[:max(0, min(int(offset), len(f.content)))]
	return 1 + bytes.Count(before, []byte("\n")), len(before) - bytes.LastIndexByte(before, '\n')
}

// walker collects the files of roots.
type walker struct {
	// root is the directory that is walked, called what it is called.
	root, called string
	// dir is root, out of which nothing leads.
	dir *regular.Dir
	// secrets are those of this process, which no file may hold.
	secrets *secret.Keeper
	files   []*file
	// size is that of all files.
	size int64
	// seen maps the real path of each file to the name it was first found under.
	seen map[string]string
	// within are the real paths of the directories being walked.
	within   []string
	problems Problems
	// left are the paths of the files that are not read.
	left []string
	// provenance is that of the bundles.
	provenance []Provenance
}

// readRoots reads the policy and data files of the roots, sorted by root in
// the given order, then by path.
func readRoots(roots []string, as map[string]string, secrets *secret.Keeper) *walker {
	w := &walker{seen: map[string]string{}, secrets: secrets}
	for _, root := range roots {
		w.root, w.called = root, calledRoots([]string{root}, as)[0]
		info, err := os.Stat(root)
		switch {
		case err != nil:
			w.fail(root, fmt.Errorf("policy root: %w", err))
		case !info.IsDir() && isBundle(root):
			w.bundle(root)
		case !info.IsDir():
			w.fail(root, errors.New("policy root: neither a directory nor a bundle (.tar.gz)"))
		default:
			w.tree()
		}
	}
	return w
}

// tree walks the root.
func (w *walker) tree() {
	var err error
	if w.dir, err = regular.OpenDir(w.root); err != nil {
		w.fail(w.root, fmt.Errorf("policy root: %w", err))
		return
	}
	defer w.dir.Close()
	w.directory("")
}

// calledRoots are the names of roots in messages and origins.
func calledRoots(roots []string, as map[string]string) []string {
	var out []string
	for _, root := range roots {
		if called, ok := as[root]; ok {
			root = called
		}
		out = append(out, root)
	}
	return out
}

// directory walks a directory of the root. Symbolic links are followed within the
// root, for that is how Kubernetes mounts files; directories that begin with a dot
// are not, among them its "..data". What a link outside holds is nobody's policy:
// it could be this process's own environment.
func (w *walker) directory(path string) {
	name := filepath.Join(w.root, filepath.FromSlash(path))
	real, err := filepath.EvalSymlinks(name)
	if err != nil {
		w.fail(name, err)
		return
	}
	if slices.Contains(w.within, real) {
		w.fail(name, errors.New("a symbolic link leads back to a directory above it: delete it, or let it lead to a directory outside this root"))
		return
	}
	w.within = append(w.within, real)
	defer func() { w.within = w.within[:len(w.within)-1] }()

	entries, err := w.dir.ReadDir(cmp.Or(path, "."))
	if err != nil {
		w.fail(name, err)
		return
	}
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), ".") {
			continue
		}
		w.entry(strings.TrimPrefix(path+"/"+entry.Name(), "/"), entry)
	}
}

func (w *walker) entry(path string, entry fs.DirEntry) {
	f := &file{root: w.called, path: path, name: filepath.ToSlash(filepath.Join(w.called, filepath.FromSlash(path)))}
	info, err := w.dir.Stat(path)
	switch {
	case errors.Is(err, regular.ErrOutside) && (f.isRead() || isDirectory(filepath.Join(w.root, path))):
		w.fail(f.name, errors.New("a symbolic link that is absolute or leads out of the policy root, and is not followed: put what it means here in its place, "+
			"or name the directory that holds it as a root of its own"))
	case err == nil && info.IsDir():
		w.directory(path)
	case !f.isRead():
		w.unread(f)
	case err != nil:
		w.fail(f.name, err)
	default:
		w.read(f)
	}
}

func isDirectory(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}

// read reads a file of the root that is policy or data.
func (w *walker) read(f *file) {
	real, err := filepath.EvalSymlinks(filepath.Join(w.root, filepath.FromSlash(f.path)))
	if err != nil {
		w.fail(f.name, err)
		return
	}
	if first, ok := w.seen[real]; ok {
		w.fail(f.name, fmt.Errorf("the same file as %s: each file may be reached from one root, once", first))
		return
	}
	w.seen[real] = f.name
	if f.content, err = w.dir.ReadFile(f.path, f.most()); err != nil {
		w.fail(f.name, fmt.Errorf("can't be read: %w", err))
		return
	}
	w.take(f)
}

// take takes a file whose content was read, unless it must not be taken.
func (w *walker) take(f *file) {
	w.size += int64(len(f.content))
	switch {
	case w.size > maxFiles:
		w.fail(f.name, fmt.Errorf("policies and data of more than %d MiB in all, which this file goes beyond: leave out what no rule reads", maxFiles>>20))
	case w.secrets.Holds(f.content):
		w.fail(f.name, errHoldsSecret)
	default:
		w.files = append(w.files, f)
	}
}

// errHoldsSecret is about a file whose lines would be quoted, and kept in the state.
var errHoldsSecret = errors.New("a secret of this program stands here, such as the PagerDuty token: take it out, and have a new one made in its place, " +
	"for whoever could read this file knows it")

// almostRead are names of which it is likely that they are meant to be read, and
// that are not: p.rego.txt, people.yaml.bak, p.REGO. Editors' own copies, such as
// p.rego~, are nobody's mistake.
var almostRead = regexp.MustCompile(`(?i)(\.(?:rego|ya?ml|json))(?:\.[a-z0-9]+)?$`)

// unread notes a file that is not read, with a warning where it seems to be meant.
func (w *walker) unread(f *file) {
	w.left = append(w.left, f.path)
	m := almostRead.FindStringSubmatch(f.path)
	if m == nil {
		return
	}
	w.problems = append(w.problems, Problem{File: f.name, Warning: true, Found: "a file that is not read",
		Expected: fmt.Sprintf("a name that ends in %s; or the file outside the policy roots", strings.ToLower(m[1]))})
}

func (w *walker) fail(name string, err error) {
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	w.problems = append(w.problems, Problem{File: filepath.ToSlash(name), Message: err.Error()})
}
