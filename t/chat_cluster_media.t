#!/usr/bin/perl

# Copyright (C) nginx-live authors

# What is said at one node comes into the media of a stream that another one
# packages, where nobody is in the room.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use JSON::PP;
use Test::NginxLive;
use Test::NginxLive::Redis;
use Test::NginxLive::Token;

###############################################################################

Test::NginxLive->need(qw/ live stream_live_rtmp http_live_hls http_live_chat
    ngx_http_live_token_module /);
Test::NginxLive->need_program(qw/ redis-server ffmpeg openssl /);

my $dir = Test::NginxLive::temp_dir();
chmod(0755, $dir);
my $keys = Test::NginxLive::Token->new($dir, 'HS256');

my $redis = Test::NginxLive::Redis->new->start;
my ($one, $two) = (node('a'), node('b'));

my @pubs = map { publish($two->rtmp("$_/a"), fps => 25, gop => 25) }
    qw/ live plain /;

# the room is known there soon after its stream

wait_for(sub { keys %{stream('live')->{metadata} // {}} }, 20, 'stream');
wait_for(sub { $two->json('/status')->{chat}{rooms} }, 20, 'room');

tip($_, "early $_") for qw/ live plain /;
wait_for(sub { stream('live')->{metadata}{taken} >= 1 }, 20, 'metadata');
pass('a tip at one node is in the media of the other');

tip('live', 'again');
wait_for(sub { stream('live')->{metadata}{taken} >= 2 }, 20, 'metadata');
is(stream('live')->{metadata}{taken}, 2, 'each of them once');

is($two->json('/status')->{chat}{rooms}, 1, 'there is no other room');
is(stream('plain')->{metadata}{taken}, 0, 'and nothing is in their media');

done_testing();

###############################################################################

sub node {
    my ($name) = @_;

    return Test::NginxLive->new(
        live => "node $name; zone live 32m; token_key " . $keys->dir . ";
                 redis unix:@{[ $redis->socket ]};
                 publish any; play any;
                 hls on; hls_path %%DIR%%/hls; hls_segment 1s;
                 hls_target_duration 2s; hls_part 250ms;
                 application live { chat_metadata tips; }
                 application plain { }",
        stream => 'server { listen 127.0.0.1:%%PORT_rtmp%%; live_rtmp; }',
        http => 'live_chat_rate off;
                 server { listen 127.0.0.1:%%PORT_http%%;
                     location /chat/ { live_chat; }
                     location /status { live_status; } }'
    )->start;
}


sub stream {
    my ($app) = @_;

    my ($s) = grep { $_->{application} eq $app } @{$two->json('/status')->{streams}};

    return $s // {};
}


sub tip {
    my ($app, $text) = @_;

    my $shop = $keys->token('HS256', sub => 'shop', stream => "$app/*",
        role => 'server');

    is($one->get("/chat/$app/a?token=$shop", method => 'POST',
        body => encode_json({ type => 'tip', amount => 5, currency => 'EUR',
            text => $text }))->{status}, 200, "tip $text");
}

###############################################################################
