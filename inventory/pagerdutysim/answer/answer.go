// Package answer writes answers in PagerDuty's forms, and reads the bodies of requests.
package answer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// PagerDuty's error codes that the simulator gives. Source: PagerDuty's
// developer documentation, "Errors".
const (
	Internal       = 2000
	InvalidInput   = 2001
	Arguments      = 2002
	Missing        = 2003
	Authentication = 2006
	AccessDenied   = 2010
	MissingAbility = 2014
	InvalidOp      = 2015
	NoRequester    = 2016
	TooMany        = 2020
	UnknownID      = 2100
	Requester      = 1008
	TeamNotFound   = 6001
	TeamInUse      = 6006
)

// Object is a JSON object in a response.
type Object map[string]any

// JSON answers with a status and a body.
func JSON(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		// Only types of this package come here.
		panic(fmt.Sprintf("encode response: %v", err))
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// Error answers with PagerDuty's error body; without errs it has no
// "errors".
func Error(w http.ResponseWriter, status, code int, message string, errs ...string) {
	if len(errs) == 0 {
		Errors(w, status, code, message, nil)
		return
	}
	Errors(w, status, code, message, errs)
}

// Errors is Error for any shape of "errors": PagerDuty answers lists,
// strings and maps by field. nil leaves it out.
func Errors(w http.ResponseWriter, status, code int, message string, errs any) {
	e := Object{"message": message, "code": code}
	if errs != nil {
		e["errors"] = errs
	}
	JSON(w, status, Object{"error": e})
}

// Invalid answers 400 with code 2001 and why.
func Invalid(w http.ResponseWriter, errs ...string) {
	Error(w, http.StatusBadRequest, InvalidInput, "Invalid Input Provided", errs...)
}

// NotFound answers 404 as PagerDuty does for ids it does not know.
func NotFound(w http.ResponseWriter) {
	Error(w, http.StatusNotFound, UnknownID, "Not Found")
}

// Decode reads the entity called key out of a wrapped body
// ({"user": {…}}) into v. If it can't, it has answered 400 and returns false.
// An empty key reads the whole body.
func Decode(w http.ResponseWriter, r *http.Request, key string, v any) bool {
	data, err := io.ReadAll(r.Body)
	if err != nil {
		Invalid(w, "The request body could not be read")
		return false
	}
	if key != "" {
		var wrapped map[string]json.RawMessage
		if err := json.Unmarshal(data, &wrapped); err != nil {
			Invalid(w, "The request body is not a JSON object")
			return false
		}
		inner, ok := wrapped[key]
		if !ok || bytes.Equal(inner, []byte("null")) {
			Invalid(w, key+" is required")
			return false
		}
		data = inner
	}
	if err := json.Unmarshal(data, v); err != nil {
		Invalid(w, "The request body does not have the expected form: "+err.Error())
		return false
	}
	return true
}
