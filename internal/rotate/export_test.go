package rotate

// RuleNames returns the names of the rules in their order.
func RuleNames() (names []string) {
	for _, rule := range rules {
		names = append(names, rule.name)
	}
	return names
}
