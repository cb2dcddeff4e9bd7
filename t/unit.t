#!/usr/bin/perl

# Copyright (C) nginx-live authors

# Unit tests of the pure files, each program of t/unit/*.c a subtest.

###############################################################################

use warnings;
use strict;

use Test::More;

use Cwd qw/ abs_path /;
use FindBin;

###############################################################################

my $top = abs_path("$FindBin::Bin/..");
my $build = $ENV{NGX_LIVE_BUILD} || "$top/build";

my @names = map { m|([^/]+)\.c$| } grep { !/_stub\.c$/ }
	sort glob("$top/t/unit/*.c");

# a program that is up to date is left as it is

my $log = `make -C $top -s BUILD=$build unit 2>&1`;
my $built = ($? == 0);

ok($built, 'unit tests built') or diag($log);

for my $name (@names) {
	subtest $name => sub {
		my $prog = "$build/unit/$name";

		return fail("no program $prog") unless $built && -x $prog;

		my $out = `$prog 2>&1`;
		my $rc = $?;

		my ($plan) = $out =~ /^1\.\.(\d+)$/m;
		my $ok = () = $out =~ /^ok \d+/mg;
		my @failed = $out =~ /^not ok.*(?:\n#.*)*/mg;

		is($rc, 0, 'exit code') or diag($out =~ /(==\d+==.*)/s
			? substr($1, 0, 4000) : substr($out, -2000));
		is($ok, $plan, 'all passed') or diag(join "\n", @failed);
	};
}

done_testing();

###############################################################################
