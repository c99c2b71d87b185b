package lsp

import (
	"net/url"
	"path/filepath"
	"runtime"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// lineAt is a line of a text, from 0, without its line break; empty beyond the last.
func lineAt(text string, n int) string {
	for ; n > 0; n-- {
		_, rest, found := strings.Cut(text, "\n")
		if !found {
			return ""
		}
		text = rest
	}
	line, _, _ := strings.Cut(text, "\n")
	return strings.TrimSuffix(line, "\r")
}

// byteOf is the place in a line of a count of UTF-16 units, at most its length.
func byteOf(line string, units int) int {
	for i, r := range line {
		if units <= 0 {
			return i
		}
		units -= max(1, utf16.RuneLen(r))
	}
	return len(line)
}

// unitsOf counts the UTF-16 units before a place in a line.
func unitsOf(line string, at int) int {
	n := 0
	for _, r := range line[:max(0, min(at, len(line)))] {
		n += max(1, utf16.RuneLen(r))
	}
	return n
}

// spanOf is the range of bytes from start to end of a line.
func spanOf(line string, n, start, end int) textRange {
	return textRange{position{n, unitsOf(line, start)}, position{n, unitsOf(line, end)}}
}

// offsetOf is the place of a position in a text, at most its length.
func offsetOf(text string, p position) int {
	at := 0
	for n := 0; n < p.Line; n++ {
		i := strings.IndexByte(text[at:], '\n')
		if i < 0 {
			return len(text)
		}
		at += i + 1
	}
	line, _, _ := strings.Cut(text[at:], "\n")
	return at + byteOf(line, p.Character)
}

// applied is a text with one part replaced; the whole without a range.
func applied(text string, r *textRange, with string) string {
	if r == nil {
		return with
	}
	start, end := offsetOf(text, r.Start), offsetOf(text, r.End)
	return text[:start] + with + text[max(start, end):]
}

// quoted is the text in quotes at a place of a line: where it begins and ends, without
// the quotes. The end of the line closes what is open.
func quoted(line string, at int) (start, end int, ok bool) {
	open := -1
	var quote byte
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case open < 0 && c == '#':
			return 0, 0, false
		case open < 0 && (c == '"' || c == '`'):
			open, quote = i+1, c
		case open >= 0 && c == '\\' && quote == '"':
			i++
		case open >= 0 && c == quote:
			if at >= open && at <= i {
				return open, i, true
			}
			open = -1
		}
	}
	if open >= 0 && at >= open {
		return open, len(line), true
	}
	return 0, 0, false
}

// wordEnd is where what begins at a place of a line ends: a text in quotes, or a word.
func wordEnd(line string, start int) int {
	if start < len(line) && (line[start] == '"' || line[start] == '`') {
		if _, end, ok := quoted(line, start+1); ok {
			return min(end+1, len(line))
		}
	}
	end := start
	for end < len(line) {
		r, size := utf8.DecodeRuneInString(line[end:])
		if !isWord(r) {
			break
		}
		end += size
	}
	if end == start && end < len(line) {
		_, size := utf8.DecodeRuneInString(line[end:])
		end += size
	}
	return end
}

func isWord(r rune) bool {
	return r == '_' || r == '-' || r == '.' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r > utf8.RuneSelf
}

// fileOf is the file that a URI names; ok is false for others, such as a buffer that
// has no file yet.
func fileOf(uri string) (file string, ok bool) {
	u, err := url.Parse(uri)
	if err != nil || u.Scheme != "file" || u.Path == "" {
		return "", false
	}
	path := u.Path
	if runtime.GOOS == "windows" {
		path = strings.TrimPrefix(path, "/")
	}
	return filepath.FromSlash(path), true
}

// uriOf is the URI of a file.
func uriOf(file string) string {
	path := filepath.ToSlash(file)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	return (&url.URL{Scheme: "file", Path: path}).String()
}

// realPath is a file's name without links, so far as it is there.
func realPath(file string) string {
	if real, err := filepath.EvalSymlinks(file); err == nil {
		return real
	}
	if dir, err := filepath.EvalSymlinks(filepath.Dir(file)); err == nil {
		return filepath.Join(dir, filepath.Base(file))
	}
	return filepath.Clean(file)
}
