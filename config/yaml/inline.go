package yaml

import "strings"

// inline reads a scalar, or a list or a mapping in brackets.
func (r *reader) inline() (*Node, error) {
	switch c := r.text[r.at]; {
	case r.marker("---") || r.marker("..."):
		return nil, r.fail("the file holds more than one document")
	case c == '[':
		return r.brackets(Sequence, ']')
	case c == '{':
		return r.brackets(Mapping, '}')
	case c == '"':
		return r.doubleQuoted()
	case c == '\'':
		return r.singleQuoted()
	}
	return r.plain("")
}

// brackets reads a list or a mapping in brackets, which may have several lines.
func (r *reader) brackets(kind Kind, closing byte) (*Node, error) {
	if err := r.down(); err != nil {
		return nil, err
	}
	defer r.up()
	n := &Node{Kind: kind, Line: r.line}
	r.at++ // the opening bracket
	for {
		if closed, err := r.closes(closing, n.Line); closed || err != nil {
			return n, err
		}
		if err := r.entry(n); err != nil {
			return nil, err
		}
		if closed, err := r.closes(closing, n.Line); closed || err != nil {
			return n, err
		}
		if r.text[r.at] != ',' {
			return nil, r.fail("%q: a comma or %q is expected here", r.rest(), closing)
		}
		r.at++
	}
}

// closes reports whether the closing bracket comes next, and goes past it.
func (r *reader) closes(closing byte, line int) (bool, error) {
	r.skip()
	switch {
	case r.ended():
		return false, &Error{line, "the bracket is never closed"}
	case r.text[r.at] != closing:
		return false, nil
	}
	r.at++
	return true, nil
}

// entry reads an item of a list in brackets, or a name and its value. In a list, a name and a value
// are a mapping of their own.
func (r *reader) entry(n *Node) error {
	item, err := r.bracketed()
	if err != nil {
		return err
	}
	r.skip()
	named := item.Kind == Scalar && !r.ended() && r.text[r.at] == ':' && r.line == item.Line
	switch {
	case named && n.Kind == Sequence:
		n.Content = append(n.Content, &Node{Kind: Mapping, Line: item.Line})
		return r.named(n.Content[len(n.Content)-1], item)
	case named:
		return r.named(n, item)
	case n.Kind == Mapping:
		return &Error{item.Line, "a name with a colon is expected in {}"}
	}
	n.Content = append(n.Content, item)
	return nil
}

// named reads the value of name, and adds both to the mapping. The colon comes next.
func (r *reader) named(mapping, name *Node) error {
	r.at++
	// Behind a name in quotes the colon is enough, as in JSON.
	if !name.Quoted && !r.blankAt(r.at) {
		return r.fail("a space must follow the colon")
	}
	value := &Node{Line: r.line}
	var err error
	if r.skip(); !r.ended() && strings.IndexByte(",]}", r.text[r.at]) < 0 {
		value, err = r.bracketed()
	}
	mapping.Content = append(mapping.Content, name, value)
	return err
}

// bracketed reads a node within brackets, where a comma or a bracket ends a text.
func (r *reader) bracketed() (*Node, error) {
	if c := r.text[r.at]; strings.IndexByte(`[{"'`, c) >= 0 {
		return r.inline()
	}
	if r.marker("---") || r.marker("...") {
		return nil, r.fail("the file holds more than one document")
	}
	return r.plain(",[]{}")
}
