#!/usr/bin/perl

# Copyright (C) nginx-live authors

# What a room says of those in it and of its stream: health, who comes and
# goes, who takes part, who types; and how many may come from one address.

###############################################################################

use warnings;
use strict;

use Test::More;

use JSON::PP qw/ decode_json /;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive;
use Test::NginxLive::Chat;
use Test::NginxLive::Token;

###############################################################################

Test::NginxLive->need(qw/ live live_rtmp http_live_chat
    ngx_http_live_token_module /);
Test::NginxLive->need_program(qw/ openssl ffmpeg /);

my $dir = Test::NginxLive::temp_dir();
chmod(0755, $dir);
my $keys = Test::NginxLive::Token->new($dir, 'HS256');

my $t = Test::NginxLive->new(
    live => "zone live 64m; token_key " . $keys->dir . ";
        application live { publish any; play any; }",
    stream => 'server { listen 127.0.0.1:%%PORT_rtmp%%; live_rtmp; }',
    http => 'server { listen 127.0.0.1:%%PORT_http%% reuseport;
             location /status { live_status; }
             location /chat/ { live_chat; live_chat_guests write; } }'
)->start;

# health: to moderators, while the stream is live

my $mod = user('mona', role => 'moderator');
my $viewer = user('vera');
$_->join for $mod, $viewer;

my $es = $t->client;
$es->get("/chat/live/a?token=" . token('carl', role => 'creator'), stream => 1,
    headers => { Accept => 'text/event-stream' });

my $pub = publish($t->rtmp('live/a'), fps => 10, gop => 10, rate => '200k',
    audio => 44100);

my $h = $mod->wait('health', sub { $_[0]{fps} && $_[0]{gop} }, 20);

ok(abs($h->{fps} - 10) < 4, 'frame rate') or diag($h->{fps});
ok(abs($h->{gop} - 1000) < 100, 'key frames') or diag($h->{gop});
cmp_ok($h->{bitrate}, '>', 50000, 'bit rate');
is($h->{dropped}, 0, 'dropped');
is($h->{viewers}, 3, 'viewers');

my $text = '';
$text .= $es->read_bytes(1, 10) until $text =~ /^data: .*"health".*\n\n/m;
ok(decode_json($text =~ /^data: (.*"health".*)\n/m)->{bitrate}, 'as an event');
$es->close;

is(scalar(grep { $_->{type} eq 'health' } @{$viewer->{seen}}, drain($viewer)),
    0, 'viewers are not told');

$pub->stop;
$mod->wait('state', sub { $_[0]{state} ne 'live' });
@{$mod->{seen}} = ();

$_->close for $mod, $viewer;

done_testing();

###############################################################################

sub token {
    my ($sub, @claims) = @_;
    return $keys->token('HS256', sub => $sub, stream => 'live/*', @claims);
}


sub user {
    return Test::NginxLive::Chat->new($t, '/chat/live/a?token=' . token(@_));
}


# All that has been told up to now.

sub drain {
    my ($c) = @_;
    $c->ask(type => 'history', limit => 1);
    return splice(@{$c->{seen}});
}

###############################################################################
