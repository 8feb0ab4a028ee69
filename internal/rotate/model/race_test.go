//go:build race

package model_test

// raced says that the race detector slows everything: the model is then content with single faults.
const raced = true
