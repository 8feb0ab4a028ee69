/** What `import * as` makes of mapbox-gl: a namespace that nobody can write to. */
export const version = "3.32.0";
export default {};
