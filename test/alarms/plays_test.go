package alarms_test

import (
	"time"

	"github.com/tokenmint/tokenmint/internal/secrets"
	"github.com/tokenmint/tokenmint/internal/sim/mapbox"
)

// perMinute does something at the beginning of each minute.
func (p *platform) perMinute(minutes int, do func()) {
	for range minutes {
		do()
		p.pass(time.Minute)
	}
}

// perHour does something at the beginning of each hour.
func (p *platform) perHour(hours int, do func()) {
	for range hours {
		do()
		p.pass(time.Hour)
	}
}

// withParent bootstraps with a parent that can do all that the policy needs.
func (p *platform) withParent() { p.bootstrap(p.config.ParentScopes()...) }

// fail breaks all calls of an operation at Mapbox.
func (p *platform) fail(operation string, status int) {
	p.sim.Inject(mapbox.Fault{Op: operation, Kind: mapbox.Status, Status: status, Hits: -1})
}

// repeat sends a request several times.
func (p *platform) repeat(times, want int, event func() string) {
	p.t.Helper()
	for range times {
		p.request(want, event())
	}
}

func quietDay(p *platform) {
	p.withParent()
	p.mints = append(p.mints, p.deploy("2"))
	for hour := range 8 {
		p.heartbeat()
		p.perMinute(60, func() {
			p.repeat(2, 200, shared)
			p.request(200, own())
			p.request(200, public("https://maps.example.com"))
		})
		if hour == 0 {
			p.mints = p.mints[1:] // the deployment is over
		}
	}
}

func newStack(p *platform) { p.perHour(8, p.heartbeat) }

func mapboxDown(p *platform) {
	p.withParent()
	p.mints = append(p.mints, p.deploy("2"))
	p.fail(mapbox.OpCreateTemporary, 500)
	p.perMinute(10, func() { p.repeat(4, 502, own) })
}

func oldDefect(p *platform) {
	p.withParent()
	p.mints = []mint{p.deployDefect("1"), p.deploy("2")}
	p.perMinute(10, func() {
		p.request(500, own())
		p.request(200, own())
	})
}

func newDefect(p *platform) {
	p.withParent()
	p.mints = []mint{p.deploy("1"), p.deployDefect("2")}
	p.perMinute(10, func() {
		p.request(200, own())
		p.request(500, own())
	})
}

func newDead(p *platform) {
	p.withParent()
	p.mints = append(p.mints, p.deployDead("2"))
	p.perMinute(5, func() {
		p.request(200, shared())
		p.request(500, shared())
	})
}

func mapboxSlow(p *platform) {
	p.withParent()
	p.slow = 3 * time.Second
	p.perMinute(20, func() { p.request(200, own()) })
}

func noInstance(p *platform) {
	p.withParent()
	p.throttled = true
	p.perMinute(5, func() { p.request(503, shared()) })
}

func refused(p *platform) {
	p.withParent()
	p.perMinute(5, func() { p.repeat(12, 403, intruder) })
}

func strangers(p *platform) {
	p.withParent()
	p.perMinute(10, func() {
		p.repeat(50, 403, func() string { return public("https://elsewhere.example") })
	})
}

func budget(p *platform) {
	p.withParent()
	p.perMinute(5, func() {
		p.repeat(20, 200, own)
		p.repeat(5, 429, own)
	})
}

func rateLimit(p *platform) {
	p.withParent()
	p.fail(mapbox.OpCreateTemporary, 429)
	p.perMinute(5, func() { p.repeat(3, 429, own) })
}

func noParent(p *platform) {
	p.mints = []mint{p.deploy("2")} // the newest version serves alone
	p.perMinute(5, func() { p.request(503, shared()) })
}

func deletedParent(p *platform) {
	p.withParent()
	v, err := p.store.Get(p.t.Context(), parent, "")
	p.must(err)
	credential, err := secrets.ParseCredential(v.Value)
	p.must(err)
	p.must(p.sim.Revoke(user, credential.ID))
	p.perMinute(5, func() { p.request(503, own()) })
}

func oldParent(p *platform) {
	p.withParent()
	p.sim.Advance(33 * 24 * time.Hour)
	p.start = p.sim.Now()
	p.perHour(4, p.heartbeat)
}

func overdue(p *platform) {
	p.bootstrap("styles:read", "fonts:read", "tokens:read", "tokens:write")
	p.perHour(4, p.heartbeat)
}

func dueParent(p *platform) {
	p.withParent()
	p.sim.Advance(30 * 24 * time.Hour)
	p.start = p.sim.Now()
	p.fail(mapbox.OpCreate, 500)
	p.perHour(4, p.heartbeat)
}

func silentRotator(p *platform) {
	p.withParent()
	p.perHour(4, func() {})
}
