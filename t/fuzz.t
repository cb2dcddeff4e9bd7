#!/usr/bin/perl

# Copyright (C) nginx-live authors

# Runs the fuzz target of each pure file, t/fuzz/FILE.c, on the inputs in
# t/fuzz/corpus/FILE and then for FUZZ_SECONDS (3) on inputs made of them.
# What broke it is printed in base64, by libFuzzer, and with FUZZ_ARTIFACTS
# kept in that directory.

###############################################################################

use warnings;
use strict;

use Test::More;

use Cwd qw/ abs_path /;
use File::Path qw/ make_path /;
use File::Temp qw/ tempdir /;
use FindBin;
use POSIX ();

###############################################################################

my $top = abs_path("$FindBin::Bin/..");
my $build = $ENV{NGX_LIVE_BUILD} || "$top/build";
my $seconds = $ENV{FUZZ_SECONDS} || 3;
my $dir = tempdir('ngx_live_fuzz_XXXXXX', TMPDIR => 1, CLEANUP => 1);
my $artifacts = $ENV{FUZZ_ARTIFACTS} || "$dir/artifacts";

my @names = map { m|([^/]+)\.c$| } sort glob("$top/t/fuzz/*.c");

plan(skip_all => 'no clang')
	unless grep { -x "$_/clang" || glob("$_/clang-[0-9]*") }
	split /:/, $ENV{PATH};

# a program that is up to date is left as it is

my $log = `make -C $top -s BUILD=$build fuzz 2>&1`;
my $built = ($? == 0);

ok($built, 'fuzz targets built') or diag($log);

make_path($artifacts);

# two at a time

my %running;
my %result;
my @queue = @names;

while (@queue || %running) {
	while (@queue && keys %running < 2) {
		my $name = shift @queue;
		my $pid = run_target($name);
		$running{$pid} = $name;
	}

	my $pid = wait();
	last if $pid < 0;

	$result{delete $running{$pid}} = $? if $running{$pid};
}

for my $name (@names) {
	my $out = read_file("$dir/$name.log");
	my ($last) = $out =~ /(Done \d+ runs in \d+ second.*)/;

	ok(defined $result{$name} && $result{$name} == 0 && $last,
		"$name: " . ($last || 'failed'))
		or diag(substr($out, -6000));
}

done_testing();

###############################################################################

sub run_target {
	my ($name) = @_;

	make_path("$dir/$name");

	my @corpus = grep { -d } "$top/t/fuzz/corpus/$name";
	my @options = ("-max_total_time=$seconds", '-timeout=5',
		'-rss_limit_mb=1024', '-print_final_stats=0',
		"-artifact_prefix=$artifacts/$name-");

	push @options, "-dict=$top/t/fuzz/$name.dict"
		if -f "$top/t/fuzz/$name.dict";

	my $pid = fork();
	die "fork failed: $!\n" unless defined $pid;
	return $pid if $pid;

	open STDOUT, '>', "$dir/$name.log" or exit_now();
	open STDERR, '>&', \*STDOUT;

	# what is found goes to the first directory, a temporary one

	# tests beside it are judged by time

	POSIX::nice(10);

	exec "$build/fuzz/$name", @options, "$dir/$name", @corpus
		or exit_now();
}

sub exit_now {
	POSIX::_exit(127);
}

sub read_file {
	my ($path) = @_;

	open my $fh, '<', $path or return '';
	local $/;
	return scalar <$fh>;
}

###############################################################################
