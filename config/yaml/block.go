package yaml

import "strings"

// block reads the node that begins here, with the lines below it that belong to it.
func (r *reader) block() (*Node, error) {
	if err := r.down(); err != nil {
		return nil, err
	}
	defer r.up()
	if r.dash() {
		return r.items(r.column())
	}
	column, line := r.column(), r.line
	first, err := r.inline()
	if err != nil {
		return nil, err
	}
	if first.Kind != Scalar || r.line != line || !r.colon() {
		return first, r.endLine()
	}
	return r.entries(column, first)
}

// dash reports whether an item of a list begins here.
func (r *reader) dash() bool {
	return !r.ended() && r.text[r.at] == '-' && r.blankAt(r.at+1)
}

// colon reports whether what was read last is the name in a mapping.
func (r *reader) colon() bool {
	return !r.ended() && r.text[r.at] == ':' && r.blankAt(r.at+1)
}

// items reads a list in a block, whose dashes stand in this column.
func (r *reader) items(column int) (*Node, error) {
	list := &Node{Kind: Sequence, Line: r.line}
	for {
		line := r.line
		r.at++ // the dash
		r.skip()
		item, err := r.below(line, column+1)
		if err != nil {
			return nil, err
		}
		list.Content = append(list.Content, item)
		if more, err := r.more(column); !more || !r.dash() {
			return list, err
		}
	}
}

// entries reads a mapping in a block, whose names stand in this column. The first name was read.
func (r *reader) entries(column int, name *Node) (*Node, error) {
	mapping := &Node{Kind: Mapping, Line: name.Line}
	for {
		value, err := r.value(column, name.Line)
		if err != nil {
			return nil, err
		}
		mapping.Content = append(mapping.Content, name, value)
		if more, err := r.more(column); !more {
			return mapping, err
		}
		line := r.line
		if name, err = r.inline(); err != nil {
			return nil, err
		}
		if name.Kind != Scalar || r.line != line || !r.colon() {
			return nil, &Error{line, "a name with a colon and a space is expected here"}
		}
	}
}

// more reports whether the next line belongs to the block in this column.
func (r *reader) more(column int) (bool, error) {
	r.skip()
	switch {
	case r.ended() || r.column() < column || r.marker("---") || r.marker("..."):
		return false, nil
	case r.column() > column:
		return false, r.fail("the line is indented unlike the lines before it, " +
			"or continues a text: a text has one line")
	}
	return true, nil
}

// value reads the value of the name that stands in this column and line. The colon comes next.
func (r *reader) value(column, line int) (*Node, error) {
	r.at++ // the colon
	r.skip()
	if r.line == line && !r.ended() {
		if r.dash() {
			return nil, r.fail("a list begins on a line of its own, or stands in [brackets]")
		}
		value, err := r.inline()
		if err == nil {
			err = r.endLine()
		}
		return value, err
	}
	if !r.ended() && r.column() == column && r.dash() { // a list need not be indented
		if err := r.down(); err != nil {
			return nil, err
		}
		defer r.up()
		return r.items(column)
	}
	return r.below(line, column+1)
}

// below reads the node that stands here, if it is indented enough to belong to what began in line.
// Otherwise nothing belongs to that, and the node is null.
func (r *reader) below(line, least int) (*Node, error) {
	if r.ended() || r.column() < least {
		return &Node{Line: line}, nil
	}
	return r.block()
}

// endLine makes sure that nothing follows in the line.
func (r *reader) endLine() error {
	line := r.line
	r.skip()
	switch {
	case r.ended() || r.line != line:
		return nil
	case r.text[r.at] == ':':
		return r.fail("a second colon in one line: put the text in quotes")
	}
	return r.fail("%q follows the end of the value: put the whole text in quotes", r.rest())
}

// rest returns the rest of the line.
func (r *reader) rest() string {
	rest, _, _ := strings.Cut(r.text[r.at:], "\n")
	return strings.TrimRight(rest, " \r")
}
