# Short names: `make` is the half-minute loop, `make ci` all gates, `make STEP` one step of .ci/run, `make help` their list.
test: FORCE
	go test -short ./...
ci: FORCE
	.ci/run
help: FORCE
	.ci/run --help
Makefile: ;
%: FORCE
	.ci/run $@
FORCE: ;
