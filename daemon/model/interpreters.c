/* SPDX-License-Identifier: MIT */
/*
 * How interpreters read their arguments, a table each. Options that are not here make it unknown
 * what runs, so these may be left out: what only prints and exits (--version), and what is rare.
 *
 * Those of python, perl, ruby, php, node, lua, luajit, java, bash, dash, zsh, ksh, gawk, mawk and
 * tclsh are compared with the programs themselves (tests/unit/compare-arguments.py), which are
 * those of Debian 12, and node 24. Deno's and bun's are from their --help, the rest from fish(1),
 * tcsh(1), mksh(1), guile(1), Rscript(1) and the help of elvish, nu and pwsh.
 *
 * Pure. Cost: a walk over a table.
 */
#include <string.h>

#include "model/interpreters.h"

static const struct grammar_option python_options[] = {
	{ OPTION_FLAG, "-b -B -d -E -i -I -O -P -q -R -s -S -t -u -v -x -3" },
	{ OPTION_VALUE, "-W -X -Q --check-hash-based-pycs" },
	{ OPTION_CODE, "-c" },
	{ OPTION_MODULE, "-m" },
	{ OPTION_FLAG, NULL },
};

static const struct grammar_option pypy_options[] = {
	{ OPTION_FLAG, "-B -E -i -I -O -P -q -R -s -S -u -v -x" },
	{ OPTION_VALUE, "-W -X -Q --jit" },
	{ OPTION_CODE, "-c" },
	{ OPTION_MODULE, "-m" },
	{ OPTION_FLAG, NULL },
};

static const struct grammar_option perl_options[] = {
	{ OPTION_FLAG, "-a -c -f -g -n -p -s -t -T -u -U -w -W -X" },
	{ OPTION_NUMBER, "-0 -d -l" },
	{ OPTION_WORD, "-C -D -F -i" },
	{ OPTION_ATTACHED, "-M -m -x" },
	{ OPTION_VALUE, "-I" },
	{ OPTION_CODE, "-e -E" },
	{ OPTION_SEARCH, "-S" },
	{ OPTION_FLAG, NULL },
};

static const struct grammar_option ruby_options[] = {
	{ OPTION_FLAG, "-a -l -n -p -s -U -v -w -d -y --debug --verbose --yydebug" },
	{ OPTION_NUMBER, "-0 -T -W" },
	{ OPTION_LETTER, "-K" },
	{ OPTION_ATTACHED,
	    "-F -i -x --debug-frozen-string-literal --jit* --mjit* --yjit* --rjit* --zjit* "
	    "--enable-* --disable-*" },
	{ OPTION_VALUE,
	    "-C -X -E -I -r --encoding --external-encoding --internal-encoding --enable "
	    "--disable --dump --backtrace-limit --crash-report --parser" },
	{ OPTION_CODE, "-e" },
	{ OPTION_SEARCH, "-S" },
	{ OPTION_FLAG, NULL },
};

static const struct grammar_option php_options[] = {
	{ OPTION_FLAG,
	    "-C -e -n -q -H --no-chdir --profile-info --no-php-ini --no-header "
	    "--hide-args" },
	{ OPTION_VALUE, "-c -d -t -z --php-ini --define --docroot --zend-extension" },
	{ OPTION_CODE, "-r -B -R -E --run --process-begin --process-code --process-end" },
	{ OPTION_FILE, "-f -F --file --process-file" },
	/* Its own web server: what it runs stands in files. */
	{ OPTION_MODULE, "-S --server" },
	{ OPTION_INPUT, "-a --interactive" },
	{ OPTION_FLAG, NULL },
};

/* V8's own take nothing that is not attached. */
static const struct grammar_option node_options[] = {
	{ OPTION_FLAG,
	    "-i --addons --allow-addons --allow-child-process --allow-inspector "
	    "--allow-openssl-store --allow-wasi --allow-worker --async-context-frame "
	    "--build-snapshot --cpu-prof --debug-arraybuffer-allocations --deprecation "
	    "--disable-sigusr1 --disable-wasm-trap-handler --enable-fips "
	    "--enable-network-family-autoselection --enable-source-maps "
	    "--experimental-addon-modules --experimental-detect-module "
	    "--experimental-eventsource --experimental-fetch "
	    "--experimental-global-customevent --experimental-global-navigator "
	    "--experimental-global-webcrypto --experimental-import-meta-resolve "
	    "--experimental-inspector-network-resource --experimental-network-imports "
	    "--experimental-network-inspection --experimental-permission "
	    "--experimental-print-required-tla --experimental-repl-await "
	    "--experimental-require-module --experimental-shadow-realm --experimental-sqlite "
	    "--experimental-strip-types --experimental-test-coverage "
	    "--experimental-test-module-mocks --experimental-transform-types "
	    "--experimental-vm-modules --experimental-wasm-modules --experimental-websocket "
	    "--experimental-webstorage --experimental-worker-inspection --expose-internals "
	    "--extra-info-on-fatal-exception --force-async-hooks-checks "
	    "--force-context-aware --force-fips --force-node-api-uncaught-exceptions-policy "
	    "--frozen-intrinsics --global-search-paths --heap-prof --insecure-http-parser "
	    "--interactive --network-family-autoselection --node-snapshot "
	    "--openssl-legacy-provider --openssl-shared-config --pending-deprecation "
	    "--permission --permission-audit --preserve-symlinks --preserve-symlinks-main "
	    "--report-compact --report-exclude-env --report-exclude-network "
	    "--report-on-fatalerror --report-on-signal --report-uncaught-exception "
	    "--require-module --strip-types --throw-deprecation --tls-max-v1.2 "
	    "--tls-max-v1.3 --tls-min-v1.0 --tls-min-v1.1 --tls-min-v1.2 --tls-min-v1.3 "
	    "--trace-atomics-wait --trace-deprecation --trace-env --trace-env-js-stack "
	    "--trace-env-native-stack --trace-events-enabled --trace-exit --trace-promises "
	    "--trace-sigint --trace-sync-io --trace-tls --trace-uncaught --trace-warnings "
	    "--track-heap-objects --use-bundled-ca --use-env-proxy --use-openssl-ca "
	    "--use-system-ca --verify-base-objects --warnings --watch "
	    "--watch-preserve-output --zero-fill-buffers" },
	{ OPTION_ATTACHED,
	    "--inspect --inspect-brk --inspect-wait --debug --debug-brk "
	    "--experimental-abortcontroller --experimental-json-modules "
	    "--experimental-modules --experimental-report "
	    "--experimental-specifier-resolution --es-module-specifier-resolution "
	    "--experimental-top-level-await --experimental-wasi-unstable-preview1 "
	    "--experimental-worker --http-parser --napi-modules --node-memory-debug "
	    "--abort-on-uncaught-exception --disallow-code-generation-from-strings "
	    "--enable-etw-stack-walking --expose-gc --gc-global --gc-interval "
	    "--heap-growing-percent --huge-max-old-generation-size --initial-heap-size "
	    "--initial-old-space-size --interpreted-frames-native-stack --jitless "
	    "--lite-mode --max-heap-size --max-lazy --max-old-space-size "
	    "--max-semi-space-size --min-semi-space-size --opt --optimize-for-size "
	    "--perf-basic-prof --perf-basic-prof-only-functions --perf-prof "
	    "--perf-prof-unwinding-info --prof --semi-space-growth-factor "
	    "--single-threaded --stack-size --trace-gc --trace-gc-verbose --harmony*" },
	{ OPTION_VALUE,
	    "-C -r --allow-fs-read --allow-fs-write --build-snapshot-config --conditions "
	    "--cpu-prof-dir --cpu-prof-interval --cpu-prof-name --debug-port "
	    "--diagnostic-dir --disable-proto --disable-warning --dns-result-order "
	    "--env-file --env-file-if-exists --experimental-config-file "
	    "--experimental-default-type --experimental-loader --experimental-policy "
	    "--heap-prof-dir --heap-prof-interval --heap-prof-name "
	    "--heapsnapshot-near-heap-limit --heapsnapshot-signal --icu-data-dir --import "
	    "--input-type --inspect-port --inspect-publish-uid --loader "
	    "--localstorage-file --max-http-header-size "
	    "--max-old-space-size-percentage "
	    "--network-family-autoselection-attempt-timeout --openssl-config "
	    "--policy-integrity --redirect-warnings --report-dir --report-directory "
	    "--report-filename --report-signal --require --secure-heap "
	    "--secure-heap-min --security-revert --security-reverts --snapshot-blob "
	    "--title --tls-cipher-list --tls-keylog --trace-event-categories "
	    "--trace-event-file-pattern --trace-require-module --unhandled-rejections "
	    "--use-largepages --v8-pool-size --watch-kill-signal --watch-path" },
	{ OPTION_CODE, "-e -pe --eval" },
	{ OPTION_CODE_OPTIONAL, "-p --print" },
	{ OPTION_FLAG, NULL },
};

static const struct verb node_verbs[] = {
	{ "inspect", OPERAND_FILE },
	{ NULL, OPERAND_FILE },
};

static const struct grammar_option lua_options[] = {
	{ OPTION_FLAG, "-i -v -E -W" },
	{ OPTION_VALUE, "-l" },
	{ OPTION_CODE, "-e" },
	{ OPTION_FLAG, NULL },
};

static const struct grammar_option luajit_options[] = {
	{ OPTION_FLAG, "-i -v -E" },
	{ OPTION_VALUE, "-l -j" },
	{ OPTION_ATTACHED, "-O" },
	{ OPTION_CODE, "-e" },
	{ OPTION_FLAG, NULL },
};

static const struct grammar_option java_options[] = {
	{ OPTION_FLAG,
	    "-client -server -minimal -zero -d32 -d64 -showversion --show-version "
	    "--show-module-resolution --validate-modules --dry-run --enable-preview "
	    "--disable-@files -disable-@files -ea -da -esa -dsa -enableassertions "
	    "-disableassertions -enablesystemassertions -disablesystemassertions" },
	{ OPTION_ATTACHED,
	    "-D* -X* -ea:* -da:* -enableassertions:* -disableassertions:* -agentlib:* "
	    "-agentpath:* -javaagent:* -splash:* -verbose -verbose:* --illegal-access "
	    "--illegal-native-access --sun-misc-unsafe-memory-access --finalization" },
	{ OPTION_VALUE,
	    "-cp -classpath --class-path -p --module-path --upgrade-module-path "
	    "--add-modules --add-exports --add-opens --add-reads --limit-modules "
	    "--patch-module --enable-native-access" },
	{ OPTION_MODULE, "-m --module" },
	{ OPTION_FILE_OPERAND, "-jar" },
	{ OPTION_SOURCE, "--source" },
	{ OPTION_FLAG, NULL },
};

static const struct grammar_option deno_options[] = {
	{ OPTION_FLAG,
	    "-A -q -T -p --allow-all --quiet --no-prompt --no-remote --no-npm --no-config "
	    "--no-lock --no-clear-screen --no-code-cache --cached-only --use-env-proxy "
	    "--open --parallel --print --ts --doc --no-run --clean --sanitize-ops "
	    "--sanitize-resources --permit-no-files --trace-leaks --hide-stacktraces --json" },
	{ OPTION_ATTACHED,
	    "-P -R -W -I -N -E -S -r --permission-set --allow-* --deny-* --ignore-* "
	    "--unstable* --check --no-check --watch --hmr --watch-hmr --watch-exclude "
	    "--env-file --coverage --node-modules-dir --vendor --reload --frozen "
	    "--frozen-lockfile --lock-write --unsafely-ignore-certificate-errors --inspect "
	    "--inspect-brk --inspect-wait --v8-flags --strace-ops --eval-file --fail-fast "
	    "--shuffle --ignore --changed" },
	{ OPTION_OPTIONAL, "--lock" },
	{ OPTION_VALUE,
	    "-c -L --config --log-level --import-map --cert --location --seed --ext "
	    "--preload --import --require --conditions --port --host --min-dep-age "
	    "--minimum-dependency-age --node-modules-linker --inspect-publish-uid "
	    "--filter --reporter --junit-path --retry --repeats --shard "
	    "--coverage-threshold --related" },
	{ OPTION_CODE, "--eval" },
	{ OPTION_FLAG, NULL },
};

static const struct verb deno_verbs[] = {
	{ "run", OPERAND_NAMED },
	{ "watch", OPERAND_NAMED },
	{ "serve", OPERAND_NAMED },
	{ "test", OPERAND_NAMED },
	{ "bench", OPERAND_NAMED },
	{ "x", OPERAND_MODULE },
	{ "eval", OPERAND_CODE },
	{ "repl", OPERAND_INPUT },
	{ NULL, OPERAND_NAMED },
};

static const struct grammar_option bun_options[] = {
	{ OPTION_FLAG,
	    "-b -i --bun --silent --watch --hot --no-clear-screen --smol --if-present "
	    "--no-install --prefer-offline --prefer-latest --insecure-http-parser "
	    "--expose-gc --no-deprecation --throw-deprecation --no-warnings "
	    "--trace-warnings --trace-deprecation --pending-deprecation --zero-fill-buffers "
	    "--use-system-ca --use-openssl-ca --use-bundled-ca --redis-preconnect "
	    "--sql-preconnect --no-addons --preserve-symlinks --preserve-symlinks-main "
	    "--no-macros --jsx-side-effects --ignore-dce-annotations --no-env-file "
	    "--no-orphans --cpu-prof --cpu-prof-md --heap-prof --heap-prof-md" },
	{ OPTION_ATTACHED, "-c --config --inspect --inspect-brk --inspect-wait" },
	{ OPTION_VALUE,
	    "-r -d -l -u --preload --require --import --env-file --cwd --install --port "
	    "--conditions --fetch-preconnect --max-http-header-size --dns-result-order "
	    "--redirect-warnings --disable-warning --title --unhandled-rejections "
	    "--console-depth --user-agent --main-fields --extension-order "
	    "--tsconfig-override --define --drop --feature --loader --jsx-factory "
	    "--jsx-fragment --jsx-import-source --jsx-runtime --origin --shell "
	    "--cpu-prof-name --cpu-prof-dir --cpu-prof-interval --heap-prof-name "
	    "--heap-prof-dir --heap-prof-interval --elide-lines" },
	{ OPTION_CODE, "-e -p --eval --print" },
	{ OPTION_FLAG, NULL },
};

static const struct verb bun_verbs[] = {
	{ "run", OPERAND_NAMED },
	{ "test", OPERAND_NAMED },
	{ "x", OPERAND_MODULE },
	{ "exec", OPERAND_CODE },
	{ "repl", OPERAND_INPUT },
	{ NULL, OPERAND_NAMED },
};

static const struct grammar_option tclsh_options[] = {
	{ OPTION_VALUE, "-encoding" },
	{ OPTION_FLAG, NULL },
};

static const struct grammar_option guile_options[] = {
	{ OPTION_FLAG,
	    "-q --auto-compile --no-auto-compile --fresh-auto-compile --debug "
	    "--no-debug" },
	{ OPTION_ATTACHED, "--listen --use-srfi --r6rs --r7rs --language" },
	{ OPTION_VALUE, "-L -C -x -l -e" },
	{ OPTION_CODE, "-c" },
	{ OPTION_FILE_LAST, "-s" },
	{ OPTION_FLAG, NULL },
};

static const struct grammar_option rscript_options[] = {
	{ OPTION_FLAG,
	    "--verbose --vanilla --no-echo --no-restore --no-save --no-environ "
	    "--no-site-file --no-init-file --slave" },
	{ OPTION_ATTACHED, "--default-packages" },
	{ OPTION_CODE, "-e" },
	{ OPTION_FLAG, NULL },
};

/* gawk, mawk, busybox's and the one true awk. mawk -W is another option than gawk's. */
static const struct grammar_option awk_options[] = {
	{ OPTION_FLAG,
	    "-b -c -k -M -n -N -O -P -r -s -S -t -I --characters-as-bytes --traditional "
	    "--csv --bignum --non-decimal-data --use-lc-numeric --optimize --posix "
	    "--re-interval --no-optimize --sandbox --lint-old --trace" },
	{ OPTION_ATTACHED,
	    "-d -D -L -o -p --dump-variables --debug --lint --pretty-print "
	    "--profile" },
	{ OPTION_VALUE, "-F -v -l -i -Z --field-separator --assign --load --include --locale" },
	{ OPTION_CODE, "-e --source" },
	{ OPTION_FILE, "-f --file" },
	{ OPTION_FILE_LAST, "-E --exec" },
	{ OPTION_FLAG, NULL },
};

/* bash reads a long option with one dash, too. */
static const struct grammar_option bash_options[] = {
	{ OPTION_FLAG,
	    "-a -b -e -f -h -i -k -l -m -n -p -r -t -u -v -x -B -C -D -E -H -P -T "
	    "--debug --debugger --login --noediting --noprofile --norc --posix "
	    "--restricted --verbose -debug -debugger -login -noediting -noprofile -norc "
	    "-posix -restricted -verbose" },
	{ OPTION_NEXT, "-o -O" },
	{ OPTION_VALUE, "--rcfile --init-file -rcfile -init-file" },
	{ OPTION_CODE_OPERAND, "-c" },
	{ OPTION_INPUT, "-s" },
	{ OPTION_FLAG, NULL },
};

/* dash, and busybox's. */
static const struct grammar_option sh_options[] = {
	{ OPTION_FLAG, "-a -b -C -e -E -f -I -i -l -m -n -p -q -u -v -V -x" },
	{ OPTION_NEXT, "-o" },
	{ OPTION_CODE_OPERAND, "-c" },
	{ OPTION_INPUT, "-s" },
	{ OPTION_FLAG, NULL },
};

static const struct grammar_option zsh_options[] = {
	{ OPTION_FLAG,
	    "-0 -1 -2 -3 -4 -5 -6 -7 -8 -9 -a -d -e -f -g -h -i -k -l -m -n -p -r -t -u -v -w "
	    "-x -y -B -C -D -E -F -G -H -I -J -K -L -M -N -O -P -Q -R -S -T -U -V -W -X -Y -Z "
	    "--interactive --login --rcs --no-rcs --norcs --global-rcs --no-global-rcs "
	    "--errexit --verbose --xtrace --restricted" },
	{ OPTION_VALUE, "-o --emulate" },
	{ OPTION_CODE_OPERAND, "-c" },
	{ OPTION_INPUT, "-s" },
	{ OPTION_FLAG, NULL },
};

static const struct grammar_option ksh_options[] = {
	{ OPTION_FLAG, "-a -b -e -f -h -i -k -l -m -n -p -r -t -u -v -x -B -C -E -G -H -P" },
	{ OPTION_VALUE, "-o" },
	{ OPTION_CODE_OPERAND, "-c" },
	{ OPTION_INPUT, "-s" },
	{ OPTION_FLAG, NULL },
};

static const struct grammar_option fish_options[] = {
	{ OPTION_FLAG, "-i -l -n -N -P --interactive --login --no-execute --no-config --private" },
	{ OPTION_VALUE,
	    "-C -d -f -o -p --init-command --debug --debug-output --features "
	    "--profile --profile-startup" },
	{ OPTION_CODE, "-c --command" },
	{ OPTION_FLAG, NULL },
};

static const struct grammar_option csh_options[] = {
	{ OPTION_FLAG, "-d -e -f -l -n -q -t -v -V -x -X" },
	{ OPTION_CODE, "-c" },
	{ OPTION_INPUT, "-i -s" },
	{ OPTION_FLAG, NULL },
};

static const struct grammar_option elvish_options[] = {
	{ OPTION_FLAG, "-i -norc --norc" },
	{ OPTION_VALUE, "-rc --rc -db --db" },
	{ OPTION_CODE_OPERAND, "-c" },
	{ OPTION_FLAG, NULL },
};

static const struct grammar_option nu_options[] = {
	{ OPTION_FLAG,
	    "-i -l -n --interactive --login --no-config-file --no-history "
	    "--no-std-lib --stdin" },
	{ OPTION_VALUE,
	    "-I -m --include-path --table-mode --config --env-config "
	    "--plugin-config --log-level --log-target" },
	{ OPTION_CODE, "-c -e --commands --execute" },
	{ OPTION_FLAG, NULL },
};

static const struct grammar_option pwsh_options[] = {
	{ OPTION_FLAG, "-NoProfile -NoLogo -NonInteractive -Login -nop -noni" },
	{ OPTION_VALUE, "-ExecutionPolicy -ep -WorkingDirectory -wd -ConfigurationName" },
	{ OPTION_CODE, "-Command -c -EncodedCommand -e -ec" },
	{ OPTION_FILE_LAST, "-File -f" },
	{ OPTION_FLAG, NULL },
};

#define GNU   (RULE_CLUSTERS | RULE_EQUALS)
#define SHELL (RULE_CLUSTERS | RULE_PLUS | RULE_DASH_ENDS)

static const struct grammar python = { python_options, NULL, RULE_CLUSTERS, OPERAND_FILE };
static const struct grammar pypy = { pypy_options, NULL, RULE_CLUSTERS, OPERAND_FILE };
static const struct grammar perl = { perl_options, NULL, RULE_CLUSTERS | RULE_BLANKS,
	OPERAND_FILE };
static const struct grammar ruby = { ruby_options, NULL, GNU, OPERAND_FILE };
static const struct grammar php = { php_options, NULL, GNU | RULE_SHORT_EQUALS | RULE_END_INPUT,
	OPERAND_FILE };
static const struct grammar node = { node_options, node_verbs,
	RULE_EQUALS | RULE_NEGATES | RULE_UNDERSCORES, OPERAND_FILE };
static const struct grammar lua = { lua_options, NULL, RULE_CLUSTERS, OPERAND_FILE };
static const struct grammar luajit = { luajit_options, NULL, RULE_CLUSTERS, OPERAND_FILE };
static const struct grammar java = { java_options, NULL, RULE_EQUALS | RULE_NO_END | RULE_EXPANDS,
	OPERAND_CLASS };
static const struct grammar deno = { deno_options, deno_verbs, GNU | RULE_SHORT_EQUALS,
	OPERAND_NAMED };
static const struct grammar bun = { bun_options, bun_verbs, GNU | RULE_SHORT_EQUALS,
	OPERAND_NAMED };
static const struct grammar tclsh = { tclsh_options, NULL, RULE_NO_END, OPERAND_FILE };
static const struct grammar guile = { guile_options, NULL, RULE_EQUALS, OPERAND_FILE };
static const struct grammar rscript = { rscript_options, NULL, RULE_EQUALS, OPERAND_FILE };
static const struct grammar awk = { awk_options, NULL, GNU | RULE_LEAVES, OPERAND_CODE };
static const struct grammar bash = { bash_options, NULL, SHELL, OPERAND_FILE };
static const struct grammar sh = { sh_options, NULL, SHELL, OPERAND_FILE };
static const struct grammar zsh = { zsh_options, NULL, SHELL, OPERAND_FILE };
static const struct grammar ksh = { ksh_options, NULL, SHELL, OPERAND_FILE };
static const struct grammar fish = { fish_options, NULL, GNU, OPERAND_FILE };
static const struct grammar csh = { csh_options, NULL, RULE_CLUSTERS, OPERAND_FILE };
static const struct grammar elvish = { elvish_options, NULL, RULE_EQUALS, OPERAND_FILE };
static const struct grammar nu = { nu_options, NULL, GNU, OPERAND_FILE };
static const struct grammar pwsh = { pwsh_options, NULL, RULE_NO_END, OPERAND_FILE };

/* By the names in program.c's table. */
static const struct {
	const char *name;
	const struct grammar *grammar;
} grammars[] = {
	{ "python", &python },
	{ "pypy", &pypy },
	{ "perl", &perl },
	{ "ruby", &ruby },
	{ "php", &php },
	{ "node", &node },
	{ "nodejs", &node },
	{ "lua", &lua },
	{ "luajit", &luajit },
	{ "java", &java },
	{ "deno", &deno },
	{ "bun", &bun },
	{ "tclsh", &tclsh },
	{ "guile", &guile },
	{ "Rscript", &rscript },
	{ "awk", &awk },
	{ "gawk", &awk },
	{ "mawk", &awk },
	{ "nawk", &awk },
	{ "original-awk", &awk },
	{ "bash", &bash },
	{ "rbash", &bash },
	{ "sh", &sh },
	{ "dash", &sh },
	{ "ash", &sh },
	{ "hush", &sh },
	{ "zsh", &zsh },
	{ "ksh", &ksh },
	{ "mksh", &ksh },
	{ "lksh", &ksh },
	{ "yash", &ksh },
	{ "fish", &fish },
	{ "csh", &csh },
	{ "tcsh", &csh },
	{ "bsd-csh", &csh },
	{ "elvish", &elvish },
	{ "nu", &nu },
	{ "pwsh", &pwsh },
};

const struct grammar *
grammar_find(const struct program *program)
{
	for (size_t i = 0; i < ARRAY_SIZE(grammars); i++)
		if (strcmp(grammars[i].name, program->name) == 0)
			return grammars[i].grammar;
	return NULL;
}
