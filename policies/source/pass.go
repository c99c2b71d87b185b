package source

import (
	"iter"
	"reflect"

	"github.com/open-policy-agent/opa/v1/ast"
)

// Pass is one revision of policies on its way through those who look for mistakes in
// it, one after the other.
type Pass struct {
	*Report
	// Files are all files, in their order.
	Files   []*File
	Modules *Modules
	// Resolved are the evaluated modules with every name written out from data.
	Resolved map[string]*ast.Module
	Data     Documents
	Schemas  []Schema
	// Compiler holds what is evaluated, once that is compiled; nil while it is not.
	Compiler *ast.Compiler
	// Part is what is looked at; nil is all.
	Part *Part
	// Err is the first fault of this build; nil if there is none.
	Err  error
	kept map[reflect.Type]any
}

// ForPart is the pass over a part of it: of the files of what is needed and of data.
func (p *Pass) ForPart(part Part) *Pass {
	only := &Pass{Report: p.Report, Modules: p.Modules, Resolved: map[string]*ast.Module{}, Data: p.Data, Schemas: p.Schemas, Part: &part}
	for _, f := range p.Files {
		if !f.IsRego() || part.Needed[f.Name] {
			only.Files = append(only.Files, f)
		}
	}
	for name, m := range p.Resolved {
		if part.Needed[name] || p.Modules.Parsed[name] == nil {
			only.Resolved[name] = m
		}
	}
	return only
}

// ToCompile are the modules that are to be compiled together.
func (p *Pass) ToCompile() *Modules {
	if p.Part == nil {
		return p.Modules
	}
	return p.Modules.Only(p.Part.Needed)
}

// Policies are the evaluated modules with their files, in the files' order: no tests.
func (p *Pass) Policies() iter.Seq2[*File, *ast.Module] {
	return func(yield func(*File, *ast.Module) bool) {
		for _, f := range p.Files {
			if m := p.Resolved[f.Name]; m != nil && !f.IsTest() && !yield(f, m) {
				return
			}
		}
	}
}

// Fail notes a fault of this build.
func (p *Pass) Fail(err error) {
	if p.Err == nil {
		p.Err = err
	}
}

// Once is what several go by in one pass, made by the first who asks for it.
func Once[T any](p *Pass, made func() T) T {
	key := reflect.TypeFor[T]()
	if v, ok := p.kept[key]; ok {
		return v.(T)
	}
	if p.kept == nil {
		p.kept = map[reflect.Type]any{}
	}
	v := made()
	p.kept[key] = v
	return v
}
