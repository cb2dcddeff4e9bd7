#!/usr/bin/perl

# Copyright (C) nginx-live authors

# Settings of HLS that do not go together.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive;

###############################################################################

Test::NginxLive->need(qw/ live live_hls /);

my $t = Test::NginxLive->new(
    modules => [ qw/ ngx_live_module ngx_http_live_hls_module / ]);

good('', 'the defaults');
bad('hls_segment 100ms;', qr/"hls_segment" must be between 500ms and 60s/);
bad('hls_target_duration 3s;',
    qr/"hls_target_duration" must be between "hls_segment" and 2m/);
bad('hls_part 50ms;', qr/"hls_part" must be between 100ms and 10s, or 0/);
bad('hls_part 5s;', qr/"hls_part" must not be longer than "hls_segment"/);
bad('hls_window 10s;', qr/"hls_window" must be at least three times/);

# as many parts as are listed, and answered after that

my $many = qr/"hls_part" is too short: six times "hls_target_duration" may/;

good('hls_part 100ms;', 'the shortest parts');
good("hls_part $_->[0]; hls_segment $_->[1]; hls_target_duration $_->[1];
      hls_window 10m;", "parts of $_->[0] and targets of $_->[1]")
    for [ '100ms', '7s' ], [ '200ms', '14s' ], [ '500ms', '35s' ],
        [ 0, '60s' ];
bad("hls_part $_->[0]; hls_segment $_->[1]; hls_target_duration $_->[1];
     hls_window 10m;", $many, "parts of $_->[0] and targets of $_->[1]")
    for [ '100ms', '8s' ], [ '200ms', '15s' ], [ '500ms', '36s' ];
bad('hls_part 200ms; hls_target_duration 20s; hls_window 2m;', $many);
bad('hls_part 100ms; hls_segment 500ms; hls_target_duration 7s;', $many,
    'segments that are short');

done_testing();

###############################################################################

sub conf {
    my ($settings) = @_;

    return $t->set(live => 'application live { publish any; hls on;'
        . " hls_path %%DIR%%/hls; $settings }")->test_conf();
}


sub good {
    my ($settings, $name) = @_;

    my $res = conf($settings);

    is($res->{rc}, 0, $name) or diag($res->{err});
}


sub bad {
    my ($settings, $re, $name) = @_;

    $name //= $settings;

    my $res = conf($settings);

    isnt($res->{rc}, 0, $name);
    like($res->{err}, qr/\[emerg\].*$re.*application "live"/,
        "$name: message");
}
