package contract

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
)

// Direction says which half of an exchange a violation is in.
type Direction string

// The two halves of an exchange.
const (
	Request  Direction = "request"
	Response Direction = "response"
)

// undocumented is the reason where an operation does not document a status.
const undocumented = "the status is not documented"

// Violation is one point where traffic and description differ.
type Violation struct {
	// Operation is the method and path template: "PUT /schedules/{id}".
	Operation string
	Direction Direction
	// Status is the response's.
	Status int
	// Parameter is "query since" or "header From"; empty for bodies.
	Parameter string
	// Pointer is the place in the body, with '*' for each index:
	// "/schedule/schedule_layers/*/end".
	Pointer string
	// Reason is the validator's sentence.
	Reason string
}

// String is the violation in one line.
func (v Violation) String() string {
	where := v.Pointer
	if v.Parameter != "" {
		where = v.Parameter + v.Pointer
	}
	return strings.TrimSpace(fmt.Sprintf("%s, %s (status %d) %s", v.Operation, v.Direction, v.Status, where)) + ": " + v.Reason
}

func (v Violation) readOnly() bool { return strings.Contains(v.Reason, "readOnly") }

func (v Violation) null() bool { return strings.Contains(v.Reason, "not nullable") }

var index = regexp.MustCompile(`/\d+(/|$)`)

// violations flattens a validator's error into its single points. A point
// inside oneOf or anyOf stays whole, for each alternative fails for reasons of
// its own.
func violations(err error, prefix string, v Violation) []Violation {
	var (
		many     openapi3.MultiError
		request  *openapi3filter.RequestError
		response *openapi3filter.ResponseError
		schema   *openapi3.SchemaError
	)
	switch e := err.(type) {
	case nil:
		return nil
	case openapi3.MultiError:
		many = e
	case *openapi3filter.RequestError:
		request = e
	case *openapi3filter.ResponseError:
		response = e
	case *openapi3.SchemaError:
		schema = e
	}
	switch {
	case many != nil:
		var all []Violation
		for _, e := range many {
			all = append(all, violations(e, prefix, v)...)
		}
		return all
	case request != nil:
		if p := request.Parameter; p != nil {
			v.Parameter = p.In + " " + p.Name
		}
		if request.Err != nil {
			return violations(request.Err, request.Reason, v)
		}
		v.Reason = request.Reason
		return []Violation{v}
	case response != nil:
		if response.Err != nil {
			return violations(response.Err, response.Reason, v)
		}
		v.Reason = response.Reason
		return []Violation{v}
	case schema != nil:
		var parts openapi3.MultiError
		if schema.SchemaField == "allOf" && errors.As(schema.Origin, &parts) {
			return violations(parts, prefix, v)
		}
		v.Pointer = normalized(schema.JSONPointer())
		v.Reason = schema.Reason
		if schema.SchemaField == "oneOf" && schema.Value == nil {
			v.Reason = "Value is not nullable: " + schema.Reason
		}
		return []Violation{v}
	}
	v.Reason = strings.TrimPrefix(prefix+": "+err.Error(), ": ")
	return []Violation{v}
}

func normalized(pointer []string) string {
	if len(pointer) == 0 {
		return ""
	}
	p := "/" + strings.Join(pointer, "/")
	for index.MatchString(p) {
		p = index.ReplaceAllString(p, "/*$1")
	}
	return p
}
