package eval

import (
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"github.com/dutyward/dutyward/policies/source"
	"hash"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// Committed is that of the set's files.
func (s *Set) Committed(ctx context.Context, beside ...string) bool {
	return (&Files{s.options, s.files, s.schemas}).Committed(ctx, beside...)
}

// Committed says whether the policies, and the files beside them, are exactly
// what the commits hold that their directories' checkouts are at: what was loaded
// is compared with the commit, not with what stands there now, for a checkout may
// have been under way between. Whatever goes wrong, no git among it, means no.
func (s *Files) Committed(ctx context.Context, beside ...string) bool {
	ctx, stop := context.WithTimeout(ctx, source.GitLimit)
	defer stop()
	for _, root := range s.options.Roots {
		if gitAtWork(ctx, root, 0) != "" || !s.committed(ctx, root) {
			return false
		}
	}
	for _, sc := range s.schemas {
		if !committedFile(ctx, s.options.Schemas[sc.Document], sc.File.Content) {
			return false
		}
	}
	for _, name := range beside {
		content, err := os.ReadFile(name)
		if err != nil || !committedFile(ctx, name, content) {
			return false
		}
	}
	return true
}

// committed says whether what was loaded of a directory is what its commit holds.
func (s *Files) committed(ctx context.Context, root string) bool {
	names, err := tree(ctx, root)
	if err != nil {
		return false
	}
	called := source.CalledRoots([]string{root}, s.options.As)[0]
	loaded := map[string]bool{}
	for _, f := range s.files {
		if f.Root != called {
			continue
		}
		loaded[f.Path] = true
		if names[f.Path] != blob(names[f.Path], f.Content) {
			return false
		}
	}
	for path := range names {
		f := source.File{Path: path}
		if f.IsRead() && !hidden(path) && !loaded[path] {
			return false
		}
	}
	return true
}

// committedFile says whether a file's content is what its directory's commit
// holds of it.
func committedFile(ctx context.Context, name string, content []byte) bool {
	dir := filepath.Dir(name)
	if gitAtWork(ctx, dir, 0) != "" {
		return false
	}
	names, err := tree(ctx, dir, filepath.Base(name))
	digest, there := names[filepath.Base(name)]
	return err == nil && there && digest == blob(digest, content)
}

// tree are the files of a directory in the commit that its checkout is at, or
// some of them, with the digests of their content.
func tree(ctx context.Context, dir string, only ...string) (map[string]string, error) {
	out, err := source.Git(ctx, dir, append([]string{"ls-tree", "-r", "-z", "HEAD", "--"}, only...)...)
	if err != nil {
		return nil, err
	}
	names := map[string]string{}
	for _, entry := range strings.Split(out, "\x00") {
		about, name, _ := strings.Cut(entry, "\t")
		if words := strings.Fields(about); len(words) == 3 && strings.HasPrefix(words[0], "100") {
			names[name] = words[2]
		} else if name != "" {
			names[name] = about // a link or another repository: no content equals it
		}
	}
	return names, nil
}

// blob is git's digest of a content, of the kind that another one is.
func blob(like string, content []byte) string {
	var h hash.Hash = sha1.New()
	if len(like) == 2*sha256.Size {
		h = sha256.New()
	}
	fmt.Fprintf(h, "blob %d\x00", len(content))
	h.Write(content)
	return hex.EncodeToString(h.Sum(nil))
}

func hidden(path string) bool {
	return strings.HasPrefix(path, ".") || strings.Contains(path, "/.")
}

// gitFiles are the files of a repository that stand there while git changes what
// is checked out, or in the midst of something that takes several commits.
var gitFiles = map[string]string{
	"index.lock": "changes what is checked out", "HEAD.lock": "changes what is checked out",
	"rebase-merge": "is in the middle of a rebase", "rebase-apply": "is in the middle of a rebase",
	"MERGE_HEAD": "is in the middle of a merge", "CHERRY_PICK_HEAD": "is in the middle of a cherry-pick", "REVERT_HEAD": "is in the middle of a revert",
	"BISECT_LOG": "is in the middle of a bisect",
}

// gitAtWork says what git is doing to a directory's checkout, if it began no
// longer than a while ago, or at any time where that is zero; empty if nothing.
func gitAtWork(ctx context.Context, dir string, while time.Duration) string {
	repository, err := source.Git(ctx, dir, "rev-parse", "--absolute-git-dir")
	if err != nil {
		return ""
	}
	for name, what := range gitFiles {
		path := filepath.Join(repository, name)
		if info, err := os.Lstat(path); err == nil && (while == 0 || time.Since(info.ModTime()) < while) {
			return fmt.Sprintf("git %s (%s is there)", what, filepath.ToSlash(path))
		}
	}
	return ""
}

// AtWork says what git is doing to the checkouts that the roots lie in; empty if
// nothing, or if that began longer than a while ago and was left lying.
func AtWork(ctx context.Context, roots []string, while time.Duration) string {
	ctx, stop := context.WithTimeout(ctx, source.GitLimit)
	defer stop()
	for _, root := range roots {
		if why := gitAtWork(ctx, directoryOf(root), while); why != "" {
			return why
		}
	}
	return ""
}

// Unrest says why somebody seems to be amid an edit of the roots: git is at work
// there, or an editor or a copy has a file open beside one that is read. What was
// left lying for longer than a while does not count. Empty if nobody seems to.
func Unrest(ctx context.Context, roots []string, while time.Duration) string {
	if why := AtWork(ctx, roots, while); why != "" {
		return why
	}
	for _, root := range roots {
		if name := opened(root, while); name != "" {
			return fmt.Sprintf("a file is open in an editor or being written (%s is there)", filepath.ToSlash(name))
		}
	}
	return ""
}

func directoryOf(root string) string {
	if info, err := os.Stat(root); err == nil && !info.IsDir() {
		return filepath.Dir(root)
	}
	return root
}

// temporary are the names of the files by which editors and copies tell of
// something that is not done: vim's, emacs', JetBrains', LibreOffice's, GNOME's,
// rsync's and browsers'.
var temporary = regexp.MustCompile(`^(?:\..*\.sw[a-p]|4913|\.#.*|#.*#|.*___jb_(?:tmp|old)___|\.~lock\..*#|\.goutputstream-.*|\..*\.[A-Za-z0-9]{6}|.*\.(?:tmp|part|partial|crdownload))$`)

// opened is a temporary file below a directory that is not older than a while;
// empty if there is none.
func opened(root string, while time.Duration) (found string) {
	// What can't be read is for loading to tell.
	_ = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil || found != "":
			return fs.SkipDir
		case entry.IsDir():
			if path != root && strings.HasPrefix(entry.Name(), ".") {
				return fs.SkipDir
			}
			return nil
		case !temporary.MatchString(entry.Name()):
			return nil
		}
		if info, err := entry.Info(); err == nil && time.Since(info.ModTime()) < while {
			found = path
		}
		return nil
	})
	return found
}
