package config

import (
	"fmt"
	"strings"
)

// ParseARNPattern checks a pattern for the ARN of an IAM user or role, such as
// arn:*:iam::*:role/web-*. The partition is a name or *. The account has 12 digits or is *. The
// kind of principal has no wildcard.
//
// * is safe in both places. An HTTP API with IAM authorization accepts identities of its own
// account only, and an account belongs to one partition.
func ParseARNPattern(text string) (Pattern, error) {
	if !strings.HasPrefix(text, "arn:") {
		return Pattern{}, fmt.Errorf("%q is not anchored: write a whole ARN of a role, a user "+
			"or root, "+
			"such as arn:*:iam::*:role/web-* or arn:aws:iam::123456789012:user/ann", text)
	}
	pattern, err := ParsePattern(text)
	if err != nil {
		return Pattern{}, err
	}
	parts := strings.SplitN(text, ":", 6)
	if len(parts) == 6 && parts[2] == "sts" {
		return Pattern{}, sessionRule(parts)
	}
	if len(parts) != 6 || parts[2] != "iam" || parts[3] != "" || strings.Contains(parts[5], ":") {
		return Pattern{}, fmt.Errorf(
			"%q is not anchored: write a whole ARN such as arn:*:iam::*:role/web-*", text)
	}
	partition, account, resource := parts[1], parts[4], parts[5]
	if partition != "*" && !isPartition(partition) {
		return Pattern{}, fmt.Errorf(
			"%q is not anchored: write the partition as aws, aws-us-gov, aws-cn or *", text)
	}
	if account != "*" && (len(account) != 12 || strings.Trim(account, digits) != "") {
		return Pattern{}, fmt.Errorf("%q matches no caller: an account id has 12 digits; "+
			"write all of them, or * for any account", text)
	}
	if err := checkPrincipal(parts, resource); err != nil {
		return Pattern{}, err
	}
	return pattern, nil
}

// isPartition reports whether s has the form of a partition, such as aws or aws-us-gov.
func isPartition(s string) bool {
	rest, ok := strings.CutPrefix(s, "aws")
	return ok && (rest == "" || len(rest) > 1 && rest[0] == '-' &&
		strings.Trim(rest, "abcdefghijklmnopqrstuvwxyz-") == "")
}

// checkPrincipal refuses a resource that no caller can be: not a principal, or a role with a path.
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
func checkPrincipal(parts []string, resource string) error {
	text := strings.Join(parts, ":")
	kind, name, _ := strings.Cut(resource, "/")
	switch {
	case resource == "root":
		return nil
	case kind == "assumed-role":
		return sessionRule(parts)
	case kind != "role" && kind != "user" || name == "":
		return fmt.Errorf("%q must name a role/…, a user/… or root", text)
	}
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" + digits
	if odd := strings.Trim(name, letters+"+=,.@_-/*?[]^"); odd != "" {
		return fmt.Errorf("%q matches no caller: no name in IAM has the characters %q", text, odd)
	}
	last := name[strings.LastIndex(name, "/")+1:]
	switch {
	case last == "", strings.Contains("/"+name, "//"):
		return fmt.Errorf("%q matches no caller: a part of the name is empty", text)
	case !strings.ContainsAny(last, "*?[") && len(last) > 64:
		return fmt.Errorf("%q matches no caller: a name in IAM has at most 64 characters", text)
	case kind == "role" && last != name && strings.Trim(last, "*?") == "":
		return fmt.Errorf("%q matches no caller: the ARN of a session has no path of the role; "+
			"write %s for each role", text, roleRule(parts, "NAME"))
	case kind == "role" && last != name:
		return fmt.Errorf("%q matches no caller: the ARN of a session has no path of the role; "+
			"write %s",
			text, roleRule(parts, last))
	}
	return nil
}

// sessionRule returns the error for a rule about a session. A rule must name the role.
func sessionRule(parts []string) error {
	text := strings.Join(parts, ":")
	names := strings.Split(parts[5], "/")
	if names[0] != "assumed-role" || len(names) < 2 || names[1] == "" {
		return fmt.Errorf(
			"%q matches no caller: a rule must name a role/…, a user/… or root of IAM", text)
	}
	return fmt.Errorf("%q matches no caller: the caller of a session is the role; write %s",
		text, roleRule(parts, names[1]))
}

// roleRule returns the pattern for the role of that name, with the partition and account of parts.
func roleRule(parts []string, name string) string {
	return strings.Join([]string{parts[0], parts[1], "iam", "", parts[4], "role/" + name}, ":")
}
