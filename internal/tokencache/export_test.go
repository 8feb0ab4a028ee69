package tokencache

// Held returns how many tokens the cache remembers.
func (c *Cache) Held() int {
	c.local.mu.Lock()
	defer c.local.mu.Unlock()
	return len(c.local.held)
}
