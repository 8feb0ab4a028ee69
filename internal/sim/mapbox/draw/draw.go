// Package draw makes the content of a small map: styles, tiles, glyphs, icons and places. The map
// shows an invented country. The same address always gives the same bytes. Package mapbox serves
// them and checks the token of each request.
package draw

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"math"
)

// Tile is the address of a tile in the Web Mercator grid. Z is the zoom, and X and Y count from the
// north-west corner.
type Tile struct{ Z, X, Y int }

// Valid reports whether the grid has the tile.
func (t Tile) Valid() bool {
	return t.Z >= 0 && t.Z <= 22 && t.X >= 0 && t.Y >= 0 && t.X < 1<<t.Z && t.Y < 1<<t.Z
}

// bands are the colours of the land by height. The first is water.
var bands = []struct {
	below  float64
	colour color.RGBA
}{
	{0.42, color.RGBA{0x7f, 0xb8, 0xd9, 0xff}},
	{0.45, color.RGBA{0xf2, 0xe6, 0xbf, 0xff}},
	{0.55, color.RGBA{0xc5, 0xdd, 0xa8, 0xff}},
	{0.68, color.RGBA{0x9c, 0xc3, 0x8a, 0xff}},
	{0.80, color.RGBA{0xcb, 0xb8, 0x9a, 0xff}},
	{2.00, color.RGBA{0xf7, 0xf7, 0xf5, 0xff}},
}

const (
	step  = 4 // pixels share a height in squares of this size, which saves time
	cells = 3 // features of the country are about a third of a tile wide
)

// Raster returns a tile as PNG, size pixels wide and high. A thin line marks its northern and
// western edge.
func Raster(t Tile, size int) []byte {
	palette := make(color.Palette, 0, len(bands)+1)
	for _, band := range bands {
		palette = append(palette, band.colour)
	}
	palette = append(palette, color.RGBA{0x8c, 0x9d, 0xa8, 0xff})
	img := image.NewPaletted(image.Rect(0, 0, size, size), palette)
	for y := range size {
		for x := range size {
			index := uint8(len(bands)) //nolint:gosec // a handful
			if x > 0 && y > 0 {
				index = t.band(x-x%step, y-y%step, size)
			}
			img.Pix[y*img.Stride+x] = index
		}
	}
	var out bytes.Buffer
	_ = (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&out, img) // a buffer never fails
	return out.Bytes()
}

// band returns the index of the colour at a pixel.
func (t Tile) band(x, y, size int) uint8 {
	h := height(float64(t.X)+float64(x)/float64(size), float64(t.Y)+float64(y)/float64(size))
	for i, band := range bands {
		if h < band.below {
			return uint8(i)
		}
	}
	return 0
}

// height is a smooth random function of a place, between 0 and 1. Places are in tiles.
func height(x, y float64) float64 {
	return 0.65*noise(x*cells/2, y*cells/2) + 0.35*noise(x*2*cells, y*2*cells)
}

// noise interpolates between random values at whole coordinates.
func noise(x, y float64) float64 {
	x0, y0 := math.Floor(x), math.Floor(y)
	fx, fy := ease(x-x0), ease(y-y0)
	a, b := random(x0, y0), random(x0+1, y0)
	c, d := random(x0, y0+1), random(x0+1, y0+1)
	return (a*(1-fx)+b*fx)*(1-fy) + (c*(1-fx)+d*fx)*fy
}

func ease(v float64) float64 { return v * v * (3 - 2*v) }

// random hashes whole coordinates to a value between 0 and 1.
func random(x, y float64) float64 {
	h := math.Float64bits(x)*0x9e3779b97f4a7c15 ^ math.Float64bits(y)*0xc2b2ae3d27d4eb4f
	h ^= h >> 29
	h *= 0xbf58476d1ce4e5b9
	h ^= h >> 32
	return float64(h%(1<<20)) / (1 << 20)
}
