#!/usr/bin/perl

# Copyright (C) nginx-live authors

# The chat where there is TLS and HTTP/2, and behind a proxy: a page that has
# come by HTTP/2 has its events by it, too, and its WebSocket by HTTP/1.1, since
# the server does not offer RFC 8441.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive;
use Test::NginxLive::Browser;
use Test::NginxLive::Chat;
use Test::NginxLive::Process qw/ which slurp /;

###############################################################################

Test::NginxLive->need(qw/ live http_live_chat /);

my $t = Test::NginxLive->new(
    live => 'zone live 64m; application live { play any; }',
    http => 'log_format live "$status $server_protocol $uri";
             access_log %%DIR%%/chat.log live;
             live_chat_guests write;

             map $http_upgrade $connection_upgrade {
                 default  upgrade;
                 ""       "";
             }

             server { listen 127.0.0.1:%%PORT_origin%%;
             location /chat/ { live_chat; live_chat_ping 100ms; } }

             server { listen 127.0.0.1:%%PORT_http%%;
             location /chat/ {
                 proxy_pass          http://127.0.0.1:%%PORT_origin%%;
                 proxy_http_version  1.1;
                 proxy_set_header    Host        $http_host;
                 proxy_set_header    Upgrade     $http_upgrade;
                 proxy_set_header    Connection  $connection_upgrade;
                 proxy_buffering     off;
                 proxy_read_timeout  60s;
             } }

             server { listen 127.0.0.1:%%PORT_https%% ssl http2;
             ssl_certificate %%CERT%%;
             ssl_certificate_key %%KEY%%;
             location /page { default_type text/html;
                              return 200 "<title>chat</title>"; }
             location /chat/ { live_chat; } }'
)->start;

# behind a proxy

my $c = Test::NginxLive::Chat->new($t, '/chat/live/a');
$c->join;
$c->send(type => 'message', text => 'through a proxy');
is($c->wait('message')->{text}, 'through a proxy', 'a WebSocket');

my $events = $t->client;
my $r = $events->request('/chat/live/a',
    headers => { Accept => 'text/event-stream' })->response(stream => 1);
is($r->{status}, 200, 'events');

my $text = '';
$text .= $events->read_bytes(1) until $text =~ /\n\n/;
like($text, qr/"type":"welcome".*through a proxy/, 'are not kept back');

$c->{ws}{http}->close;
$events->close;

# WebSocket over TLS

SKIP: {
    my $python = '/usr/bin/python3';

    skip 'no websockets of Python', 1
        if system("$python -c 'import websockets' 2> /dev/null") != 0;

    my $res = run_command(timeout => 30, cmd => [ $python, '-c', python(),
        'wss://127.0.0.1:' . $t->port('https') . '/chat/live/tls' ]);

    is($res->{out}, "welcome\nHello\nclosed 1000\n", 'over TLS')
        or diag($res->{err});
}

# what HTTP/2 offers

SKIP: {
    skip 'no nghttp', 1 unless which('nghttp');

    my $res = run_command(timeout => 30, cmd => [ 'nghttp', '-nv',
        '--no-verify-peer', 'https://127.0.0.1:' . $t->port('https')
        . '/page' ]);

    $res->{out} =~ s/\e\[[\d;]*m//g;

    my ($settings) = $res->{out}
        =~ /recv\ SETTINGS\ frame\ <length=[1-9].*\n((?:\s+[\[(].*\n)+)/x;
    ok($settings && $settings !~ /ENABLE_CONNECT_PROTOCOL|0x0?8\b/,
        'no SETTINGS_ENABLE_CONNECT_PROTOCOL') or diag($res->{out});
}

SKIP: {
    skip 'no Chromium', 4
        unless which('chromium')
               && which('node')
               && -d Test::NginxLive::Browser::build()
                     . '/browser/node_modules';

    my $base = 'https://127.0.0.1:' . $t->port('https');

    my $r = browse("$base/page", still => 1,
        steps => [ [ 'eval', chromium() ] ]);

    is($r->{error}, undef, 'Chromium');
    is_deeply($r->{results}[0]{value} // $r->{results}[0],
        { page => 'h2', text => 'Hello', events => 'welcome' },
        'a page by HTTP/2, its WebSocket and its events')
        or diag(explain($r->{results}));

    my $log = wait_for(sub {
        my $l = slurp($t->path('chat.log'));
        $l =~ m{ /chat/live/events} ? $l : undef
    }, 10, 'access log');

    like($log, qr{^101 HTTP/1\.1 /chat/live/chromium$}m,
        'the WebSocket by HTTP/1.1');
    like($log, qr{^200 HTTP/2\.0 /chat/live/events$}m, 'events by HTTP/2');
}

done_testing();

###############################################################################

sub python {
    return <<'EOF';
import asyncio, json, ssl, sys
import websockets

async def main():
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    tls.check_hostname = False
    tls.verify_mode = ssl.CERT_NONE
    async with websockets.connect(sys.argv[1], ssl=tls) as ws:
        async def until(kind):
            while True:
                m = json.loads(await asyncio.wait_for(ws.recv(), 20))
                if m['type'] == kind:
                    return m

        await ws.send('{"type":"join"}')
        print((await until('welcome'))['type'])
        await ws.send('{"type":"message","text":"Hello"}')
        print((await until('message'))['text'])
        await ws.close()
        print('closed', ws.close_code)

asyncio.run(main())
EOF
}


sub chromium {
    return <<'EOF';
new Promise((done) => {
    const r = { page: performance.getEntriesByType('navigation')[0]
                      .nextHopProtocol };
    const ws = new WebSocket(`wss://${location.host}/chat/live/chromium`);

    ws.onopen = () => ws.send('{"type":"join"}');
    ws.onmessage = (e) => {
        const m = JSON.parse(e.data);
        if (m.type === 'welcome') {
            ws.send('{"type":"message","text":"Hello"}');
        }
        if (m.type === 'message') {
            r.text = m.text;
            ws.close(1000);
        }
    };
    ws.onclose = () => {
        const es = new EventSource('/chat/live/events');
        es.onmessage = (e) => {
            r.events = JSON.parse(e.data).type;
            es.close();
            done(r);
        };
    };
})
EOF
}

###############################################################################
