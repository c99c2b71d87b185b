package inventory

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"time"
	"unicode/utf8"
)

// JSONFault says what is wrong with data that could not be decoded as JSON, in a
// person's words rather than those of the decoder, with the line where it is known.
func JSONFault(data []byte, err error) string {
	var syntax *json.SyntaxError
	var mistyped *json.UnmarshalTypeError
	var moment *time.ParseError
	if why := unreadable(data); why != "" {
		return why
	}
	key, unknown := strings.CutPrefix(err.Error(), "json: unknown field ")
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), errors.As(err, &syntax) && strings.HasPrefix(syntax.Error(), "unexpected end"):
		return fmt.Sprintf("it is cut off: it ends in line %d, in the middle of a value", lineAt(data, int64(len(bytes.TrimSpace(data)))))
	case syntax != nil:
		r, _ := utf8.DecodeRune(data[min(int(max(syntax.Offset-1, 0)), len(data)-1):])
		return fmt.Sprintf("line %d: not JSON: %q does not belong there", lineAt(data, syntax.Offset), r)
	case errors.As(err, &mistyped):
		what := "the document"
		if mistyped.Field != "" {
			what = mistyped.Field
		}
		found, _, _ := strings.Cut(mistyped.Value, " ")
		return fmt.Sprintf("line %d: %s is %s; expected %s", lineAt(data, mistyped.Offset), what, article(found), wanted(mistyped.Type))
	case errors.As(err, &moment):
		return fmt.Sprintf("%s is not a time; expected one such as 2026-03-02T09:00:00Z", moment.Value)
	case unknown && bytes.Count(data, []byte(key)) == 1:
		return fmt.Sprintf("line %d: there is no field %s here", lineAt(data, int64(bytes.Index(data, []byte(key)))), key)
	case unknown:
		return fmt.Sprintf("there is a field %s where none is known", key)
	}
	return err.Error()
}

// unreadable says why data is no text at all; empty where it is one.
func unreadable(data []byte) string {
	switch {
	case len(bytes.TrimSpace(data)) == 0:
		return "it is empty"
	case bytes.HasPrefix(data, []byte("\x1f\x8b")):
		return "it is compressed with gzip: unpack it first"
	case bytes.HasPrefix(data, []byte("\xff\xfe")), bytes.HasPrefix(data, []byte("\xfe\xff")):
		return "it is UTF-16: save it as UTF-8"
	case bytes.HasPrefix(data, []byte("\xef\xbb\xbf")):
		return "it begins with a byte order mark: save it as UTF-8 without one"
	case !utf8.Valid(data), bytes.IndexByte(data, 0) >= 0:
		return "it is a binary file, not text"
	}
	return ""
}

// article is a kind of JSON value, as in "is a number".
func article(kind string) string {
	switch kind {
	case "array":
		return "a list"
	case "object":
		return "an object"
	case "bool":
		return "true or false"
	}
	return "a " + kind
}

// wanted is the kind of JSON value that a type is decoded from.
func wanted(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Slice, reflect.Array:
		return "a list"
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Float32, reflect.Float64:
		return "a number"
	case reflect.Pointer:
		return wanted(t.Elem())
	}
	return "an object"
}
