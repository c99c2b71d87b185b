package source

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
)

// Unsaved are the contents of files as an editor has them, by the files' real
// paths. They are read in place of what is on disk, and without it.
type Unsaved map[string][]byte

// realPath is the path of a file of the root without links; absolute where files that
// are not saved are looked for.
func (w *walker) realPath(path string) (string, error) {
	name := filepath.Join(w.root, filepath.FromSlash(path))
	if len(w.unsaved) > 0 {
		var err error
		if name, err = filepath.Abs(name); err != nil {
			return "", err
		}
	}
	return filepath.EvalSymlinks(name)
}

// notOnDisk takes the unsaved files of the root that no directory has yet, and puts
// them where they will be. The root's other files begin at first.
func (w *walker) notOnDisk(first int) {
	if len(w.unsaved) == 0 {
		return
	}
	root, err := w.realPath("")
	if err != nil {
		return // said when the root was walked
	}
	found := false
	for _, real := range slices.Sorted(maps.Keys(w.unsaved)) {
		path, err := filepath.Rel(root, real)
		if err != nil || !filepath.IsLocal(path) || w.seen[real] != "" || hidden(path) {
			continue
		}
		path = filepath.ToSlash(path)
		f := &File{Root: w.called, Path: path, Name: filepath.ToSlash(filepath.Join(w.called, filepath.FromSlash(path)))}
		if f.IsRead() {
			w.seen[real], found = f.Name, true
			w.takeUnsaved(f, w.unsaved[real])
		}
	}
	if found {
		slices.SortFunc(w.Files[first:], func(a, b *File) int { return strings.Compare(a.Path, b.Path) })
	}
}

// takeUnsaved takes a file that an editor has, within the bound of those on disk.
func (w *walker) takeUnsaved(f *File, text []byte) {
	if int64(len(text)) > f.most() {
		w.fail(codeUnreadable, f.Name, fmt.Errorf("can't be read: it is larger than %d MiB", f.most()>>20))
		return
	}
	f.Content = text
	w.take(f)
}

// hidden says that a file or a directory above it begins with a dot.
func hidden(path string) bool {
	return slices.ContainsFunc(strings.Split(filepath.ToSlash(path), "/"), func(part string) bool { return strings.HasPrefix(part, ".") })
}
