package draw

import "fmt"

// extent is the width of a vector tile in its own units, as in Mapbox's tiles.
const extent = 4096

// Vector returns a tile in the form of the Mapbox Vector Tile Specification 2.1. It has the layers
// water (a polygon), road (two lines) and place_label (a point with a name), as Mapbox Streets has.
func Vector(t Tile) []byte {
	centre := 1024 + int(2048*random(float64(t.X), float64(t.Y)))
	lake := ring(centre, centre, 600)
	// The format counts each place from the one before.
	roads := append(path(0, 2048, [2]int{4096, 0}),
		path(2048-4096, 0-2048, [2]int{0, 4096})...)
	name := fmt.Sprintf("%d/%d/%d", t.Z, t.X, t.Y)
	var tile message
	tile.bytes(3, layer("water", feature(3, lake, false), ""))
	tile.bytes(3, layer("road", feature(2, roads, false), ""))
	tile.bytes(3, layer("place_label", feature(1, point(centre, 2048), true), name))
	return tile
}

// layer encodes a layer with one feature. An empty name is a layer without attributes.
func layer(id string, feature message, name string) message {
	var l message
	l.uint(15, 2) // version
	l.bytes(1, []byte(id))
	l.bytes(2, feature)
	if name != "" {
		var value message
		value.bytes(1, []byte(name))
		l.bytes(3, []byte("name"))
		l.bytes(4, value)
	}
	l.uint(5, extent)
	return l
}

// feature encodes a geometry: 1 is a point, 2 a line and 3 a polygon. named gives it the layer's
// only attribute.
func feature(kind uint64, geometry []uint64, named bool) message {
	var f message
	if named {
		f.packed(2, []uint64{0, 0})
	}
	f.uint(3, kind)
	f.packed(4, geometry)
	return f
}

// The commands of a geometry, with their number of repetitions.
func moveTo(n uint64) uint64 { return n<<3 | 1 }
func lineTo(n uint64) uint64 { return n<<3 | 2 }

const closePath = 1<<3 | 7

func point(x, y int) []uint64 { return []uint64{moveTo(1), zigzag(x), zigzag(y)} }

// path is a line from a place, by offsets.
func path(x, y int, offsets ...[2]int) []uint64 {
	line := append(point(x, y), lineTo(uint64(len(offsets))))
	for _, d := range offsets {
		line = append(line, zigzag(d[0]), zigzag(d[1]))
	}
	return line
}

// ring is an octagon around a place, clockwise as an outer ring must be.
func ring(x, y, r int) []uint64 {
	d := r * 7 / 10
	return append(path(x, y-r, [2]int{d, r - d}, [2]int{r - d, d}, [2]int{d - r, d},
		[2]int{-d, r - d}, [2]int{-d, d - r}, [2]int{d - r, -d}, [2]int{r - d, -d}), closePath)
}

// Glyphs returns an empty range of a font stack. Text takes no place then.
func Glyphs(stack, span string) []byte {
	var fonts, all message
	fonts.bytes(1, []byte(stack))
	fonts.bytes(2, []byte(span))
	all.bytes(1, fonts)
	return all
}

// message is a protobuf message under construction.
type message []byte

func (m *message) varint(v uint64) {
	for ; v >= 0x80; v >>= 7 {
		*m = append(*m, byte(v)|0x80)
	}
	*m = append(*m, byte(v))
}

func (m *message) uint(field, v uint64) {
	m.varint(field << 3)
	m.varint(v)
}

func (m *message) bytes(field uint64, b []byte) {
	m.varint(field<<3 | 2)
	m.varint(uint64(len(b)))
	*m = append(*m, b...)
}

func (m *message) packed(field uint64, values []uint64) {
	var inner message
	for _, v := range values {
		inner.varint(v)
	}
	m.bytes(field, inner)
}

func zigzag(v int) uint64 { return uint64(v<<1) ^ uint64(v>>63) } //nolint:gosec // by the format
