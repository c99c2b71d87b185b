package pagerdutysim

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// v3Invalid is why a v3 endpoint refuses: messages by path of field
// ("event.effective_since").
type v3Invalid map[string][]string

func v3Refused(field, format string, args ...any) v3Invalid {
	return v3Invalid{field: {fmt.Sprintf(format, args...)}}
}

// writeV3Invalid answers 400 in the form of v3, where errors are an object.
func writeV3Invalid(w http.ResponseWriter, errs v3Invalid) {
	writeErrors(w, http.StatusBadRequest, codeInvalidInput, "Invalid Request", errs)
}

// writeV3Message answers 400 with a sentence alone.
func writeV3Message(w http.ResponseWriter, message string) {
	writeErrors(w, http.StatusBadRequest, codeInvalidInput, message, nil)
}

// decodeV3 reads the entity called key out of a wrapped body; if it can't, it
// has answered 400.
func decodeV3(w http.ResponseWriter, r *http.Request, key string, v any) bool {
	data, err := io.ReadAll(r.Body)
	if err != nil {
		writeV3Message(w, "The request body could not be read")
		return false
	}
	var wrapped map[string]json.RawMessage
	if err := json.Unmarshal(data, &wrapped); err != nil {
		writeV3Message(w, "The request body is not a JSON object")
		return false
	}
	if len(wrapped[key]) == 0 || string(wrapped[key]) == "null" {
		writeV3Invalid(w, v3Refused(key, "is required"))
		return false
	}
	if err := json.Unmarshal(wrapped[key], v); err != nil {
		writeV3Invalid(w, v3Refused(key, "does not have the expected form: %v", err))
		return false
	}
	return true
}
