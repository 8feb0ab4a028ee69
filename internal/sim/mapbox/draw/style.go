package draw

// object is a JSON object.
type object = map[string]any

// Style returns a style of an account: a raster source below vector layers. Each source, the
// sprite and the glyphs are at Mapbox, so a map sends all kinds of requests.
func Style(user, id string) any {
	return object{
		"version": 8, "name": id, "owner": user, "id": id,
		"sprite": "mapbox://sprites/" + user + "/" + id,
		"glyphs": "mapbox://fonts/mapbox/{fontstack}/{range}.pbf",
		"center": []float64{13.4, 52.5}, "zoom": 11,
		"projection": object{"name": "mercator"},
		"sources": object{
			"composite": object{"type": "vector", "url": "mapbox://mapbox.mapbox-streets-v8"},
			"land": object{"type": "raster", "url": "mapbox://mapbox.satellite",
				"tileSize": 512},
		},
		"layers": []object{
			{"id": "background", "type": "background",
				"paint": object{"background-color": "#e8e4d8"}},
			{"id": "land", "type": "raster", "source": "land",
				"paint": object{"raster-fade-duration": 0}},
			{"id": "water", "type": "fill", "source": "composite", "source-layer": "water",
				"paint": object{"fill-color": "#4f8fb8"}},
			{"id": "road", "type": "line", "source": "composite", "source-layer": "road",
				"paint": object{"line-color": "#e07b39", "line-width": 3}},
			{"id": "place", "type": "symbol", "source": "composite", "source-layer": "place_label",
				"layout": object{"text-field": []string{"get", "name"}}},
		},
	}
}

// TileJSON describes a tileset. address is that of a tile, with {z}, {x} and {y}.
func TileJSON(ids, address string, vector bool) any {
	t := object{
		"tilejson": "2.2.0", "id": ids, "name": ids, "scheme": "xyz",
		"minzoom": 0, "maxzoom": 22, "bounds": []float64{-180, -85, 180, 85},
		"tiles": []string{address},
	}
	if vector {
		t["vector_layers"] = []object{{"id": "water"}, {"id": "road"}, {"id": "place_label"}}
	}
	return t
}

// Places returns two places that answer any search: the form of the Geocoding API v5 and v6, and of
// Search Box's retrieve and forward.
func Places(query string) any {
	features := []object{}
	for i, name := range []string{query, query + " North"} {
		lon, lat := 13.4+float64(i)/10, 52.5
		id := "place." + string(rune('1'+i))
		features = append(features, object{
			"type": "Feature", "id": id, "text": name, "place_name": name + ", Nowhere",
			"place_type": []string{"place"}, "relevance": 1, "center": []float64{lon, lat},
			"geometry": object{"type": "Point", "coordinates": []float64{lon, lat}},
			"properties": object{
				"mapbox_id": id, "feature_type": "place", "name": name,
				"place_formatted": "Nowhere", "full_address": name + ", Nowhere",
				"coordinates": object{"longitude": lon, "latitude": lat}, "context": object{},
			},
		})
	}
	return object{"type": "FeatureCollection", "query": []string{query}, "features": features,
		"attribution": "tokenmint's simulator"}
}

// Suggestions returns what Search Box suggests for a text that a person types.
func Suggestions(query string) any {
	return object{"attribution": "tokenmint's simulator", "suggestions": []object{
		{"name": query, "mapbox_id": "place.1", "feature_type": "place",
			"place_formatted": "Nowhere", "full_address": query + ", Nowhere",
			"language": "en", "context": object{}},
	}}
}
