package Test::NginxLive::HLS;

# Copyright (C) nginx-live authors

# A client of live_hls that is stricter than any player: every line of every
# playlist must be one that the server has reason to write.
#
#     my $hls = Test::NginxLive::HLS->new($t, 'live/a');
#     my $multi = $hls->multi;             # waits for it
#     my $list = $hls->list('v0');         # dies unless it is 200
#     is_deeply($list->{errors}, []);
#     my $next = $hls->reload($list);      # blocks for the part after the hint
#     my $bytes = $hls->bytes($list->{segments}[0]{uri});
#
#     my @f = map { $hls->follow($_) } $hls->tracks;
#     follow_until(sub { $f[0]->complete >= 4 }, 20, @f);
#
# parse_media() and parse_multi() return structures with "errors", a list of
# texts: what breaks RFC 8216bis, or what one has no reason to expect.
#
# A media playlist: version, target, control (hash), part_target, msn, dseq,
# independent, skipped, ended, hint { msn, part, uri }, reports { track =>
# { msn, part } }, open (a segment without uri and duration) and segments, each
# { msn, uri, duration, date (seconds), map, discontinuity, gap, dseq, parts =>
# [ { uri, duration, independent, gap } ] }.
#
# Options of new: prefix (/hls), port (the name of a port, http), args (query
# string that all URIs are expected to carry), scheme.

use warnings;
use strict;

use Exporter qw/ import /;
use IO::Select;
use POSIX ();
use Time::HiRes qw/ time /;
use Time::Local qw/ timegm /;

use Test::NginxLive::Process qw/ wait_for factor /;
use Test::NginxLive::HTTP;
use Test::NginxLive::HLS::Follower;

our @EXPORT_OK = qw/ parse_media parse_multi follow_until nals /;

my $SECONDS = qr/\d+\.\d{6}/;
my $ARGS = qr/(?:\?[^"\s]*)?/;


sub new {
    my ($class, $t, $stream, %opt) = @_;

    return bless { t => $t, stream => $stream, prefix => '/hls',
                   port => 'http', args => '', %opt }, $class;
}


sub client {
    my ($self) = @_;
    return Test::NginxLive::HTTP->new(port => $self->{t}->port($self->{port}));
}


# The path of something below the stream, with the arguments of the options.

sub path {
    my ($self, $uri, @args) = @_;

    push @args, $self->{args} if length $self->{args} && $uri !~ /\?/;

    return "$self->{prefix}/$self->{stream}/$uri"
           . (@args ? ($uri =~ /\?/ ? '&' : '?') . join('&', @args) : '');
}


sub get {
    my ($self, $uri, %opt) = @_;

    my $c = $opt{client} // $self->client;
    my $r = $c->get($self->path($uri, @{$opt{query} // []}), %opt);
    $c->close unless $opt{client};

    return $r;
}


# The multivariant playlist, waited for; session and tracks are known then.

sub multi {
    my ($self, $timeout) = @_;

    my $r = wait_for(sub {
        my $r = $self->get('index.m3u8', timeout => 20);
        $r->{status} == 200 ? $r : undef;
    }, $timeout // 20, "multivariant playlist of $self->{stream}");

    my $multi = parse_multi($r->{body}, args => $self->{args});

    $self->{session} = $multi->{session};
    $self->{tracks} = $multi->{tracks};
    $multi->{response} = $r;

    return $multi;
}


sub session { $_[0]{session} // ($_[0]->multi, $_[0]{session})[1] }

sub tracks { @{$_[0]{tracks} // ($_[0]->multi, $_[0]{tracks})[1]} }


# The path of something of the session: a URI as it stands in a playlist.

sub file {
    my ($self, $uri) = @_;
    return $self->session . "/$uri";
}


# A media playlist; query => [ '_HLS_msn=7' ], client, timeout.

sub list {
    my ($self, $track, %opt) = @_;

    my $r = $self->get($self->file("$track.m3u8"), %opt);

    die "$track.m3u8 of $self->{stream}: $r->{status} $r->{body}\n"
        if $r->{status} != 200;

    my $list = parse_media($r->{body}, args => $self->{args});

    $list->{response} = $r;
    $list->{name} = $track;

    return $list;
}


# The next playlist after LIST, by a blocking request.

sub reload {
    my ($self, $list, %opt) = @_;

    return $self->list($list->{name}, %opt,
        query => [ next_query($list), @{$opt{query} // []} ]);
}


sub next_query {
    my ($list) = @_;

    return "_HLS_msn=$list->{hint}{msn}&_HLS_part=$list->{hint}{part}"
        if $list->{hint};

    return '_HLS_msn=' . ($list->{open}{msn});
}


# The bytes of a segment, part or map; dies unless they come by 200.

sub bytes {
    my ($self, $uri, %opt) = @_;

    my $r = $self->get($self->file($uri), %opt);
    die "$uri of $self->{stream}: $r->{status}\n" if $r->{status} != 200;

    return $r->{body};
}


sub follow {
    my ($self, $track, %opt) = @_;
    return Test::NginxLive::HLS::Follower->new($self, $track, %opt);
}


# Lets followers run at the same time until CODE is true.

sub follow_until {
    my ($code, $timeout, @followers) = @_;

    my $end = time() + $timeout * factor();

    while (!$code->()) {
        my @left = grep { !$_->done } @followers;
        my $select = IO::Select->new(map { $_->sock } @left);

        die "timeout of ${timeout}s of followers at "
            . join(', ', map { $_->where } @followers) . "\n"
            if time() > $end;

        die "all followers are done\n" unless @left;

        my %ready = map { $_ => 1 } $select->can_read(0.1);

        $_->step for grep { $ready{$_->sock} } @left;
    }
}


# Attributes: NAME=VALUE separated by commas, each once.

sub _attributes {
    my ($text, $error) = @_;

    my %attr;

    while ($text =~ /\G([A-Z0-9-]+)=("[^"\r\n]*"|[^",\s]+)(,|$)/gc) {
        my ($name, $value, $more) = ($1, $2, $3);

        $error->("attribute $name twice") if exists $attr{$name};
        $value =~ s/^"(.*)"$/$1/;
        $attr{$name} = $value;

        return \%attr if $more eq '';
    }

    $error->("bad attributes: $text");

    return \%attr;
}


# A date as seconds since the epoch.

sub _date {
    my ($text) = @_;

    my ($y, $mon, $d, $h, $min, $s, $ms) = $text
        =~ /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)\.(\d{3})Z$/
        or return undef;

    return timegm($s, $min, $h, $d, $mon - 1, $y) + $ms / 1000;
}


# The parts of a name, or nothing.

sub _name {
    my ($uri) = @_;

    return unless $uri =~ /^(\w+)-(\d+)(?:\.(\d+))?\.m4s$ARGS$/;
    return { track => $1, msn => $2, part => $3 };
}


sub parse_media {
    my ($text, %opt) = @_;

    my @errors;
    my $n = 0;
    my $error = sub { push @errors, "line $n: $_[0]"; return };
    my $list = { text => $text, errors => \@errors, segments => [],
                 control => {}, reports => {}, skipped => 0, header => [] };

    $error->('no newline at the end') unless $text =~ /\n\z/;
    $error->('carriage return') if $text =~ /\r/;

    my %state = (list => $list, error => $error, segment => {}, stage => 0,
                 args => $opt{args} // '');

    for my $line (split(/\n/, $text)) {
        $n++;
        _media_line(\%state, $line);
    }

    $n = 'end';
    _media_end(\%state);
    _media_check($list, $error);

    return $list;
}


# Tags of the header, with what may follow their colon.

my %HEADER = (
    'EXTM3U' => qr/^$/,
    'EXT-X-VERSION' => qr/^:(9)$/,
    'EXT-X-TARGETDURATION' => qr/^:([1-9]\d*)$/,
    'EXT-X-SERVER-CONTROL' => qr/^:(.+)$/,
    'EXT-X-PART-INF' => qr/^:PART-TARGET=($SECONDS)$/,
    'EXT-X-MEDIA-SEQUENCE' => qr/^:(\d+)$/,
    'EXT-X-DISCONTINUITY-SEQUENCE' => qr/^:(\d+)$/,
    'EXT-X-INDEPENDENT-SEGMENTS' => qr/^$/,
);


# stage: 0 header, 1 segments, 2 behind the hint

sub _media_line {
    my ($state, $line) = @_;

    my ($list, $error) = @$state{qw/ list error /};
    my $seg = $state->{segment};

    $error->("$line behind ENDLIST") if $list->{ended};

    if ($line =~ /^#(EXTM3U|EXT-X-[A-Z-]+)(.*)$/ && $HEADER{$1}) {
        my ($tag, $rest) = ($1, $2);

        $error->("$tag is not in the header") if $state->{stage};
        $error->("$tag twice") if exists $state->{header}{$tag};
        $error->("$tag is not $HEADER{$tag}: $rest")
            unless $rest =~ $HEADER{$tag};

        $state->{header}{$tag} = $1;
        push @{$list->{header}}, $line;
        return;
    }

    if ($line =~ /^#EXT-X-SKIP:SKIPPED-SEGMENTS=([1-9]\d*)$/) {
        $error->('SKIP is not behind the header')
            if $state->{stage} || %$seg;
        $list->{skipped} = $1;
        $state->{stage} = 1;
        return;
    }

    $error->("$line behind the hint")
        if $state->{stage} == 2
           && $line !~ /^#EXT-X-(?:RENDITION-REPORT|ENDLIST)/;

    $state->{stage} ||= 1;

    if ($line eq '#EXT-X-DISCONTINUITY') {
        $error->('DISCONTINUITY inside a segment') if %$seg;
        $seg->{discontinuity} = 1;

    } elsif ($line =~ /^#EXT-X-MAP:URI="(\w+-init-[0-9a-f]{16}\.mp4)($ARGS)"$/)
    {
        $error->('MAP inside a segment') if $seg->{map} || $seg->{date};
        $error->("arguments $2") if $2 ne _expect($state->{args});
        $seg->{map} = $1;

    } elsif ($line =~ /^#EXT-X-PROGRAM-DATE-TIME:(.*)$/) {
        $error->('two dates') if defined $seg->{date};
        $error->('date behind a part') if $seg->{parts};
        $error->("bad date $1") unless defined($seg->{date} = _date($1));

    } elsif ($line =~ /^\#EXT-X-PART:DURATION=($SECONDS),URI="([^"]+)"
                       (,INDEPENDENT=YES)?(,GAP=YES)?$/x)
    {
        _media_part($state, { duration => $1, uri => $2,
                              independent => $3 ? 1 : 0, gap => $4 ? 1 : 0 });

    } elsif ($line eq '#EXT-X-GAP') {
        $error->('GAP twice') if $seg->{gap};
        $seg->{gap} = 1;

    } elsif ($line =~ /^#EXTINF:($SECONDS),$/) {
        $error->('EXTINF twice') if defined $seg->{duration};
        $seg->{duration} = $1;

    } elsif ($line !~ /^#/) {
        _media_uri($state, $line);

    } elsif ($line =~ /^#EXT-X-PRELOAD-HINT:TYPE=PART,URI="([^"]+)"$/) {
        $error->('two hints') if $list->{hint};
        $list->{hint} = { uri => $1, %{_name($1) // {}} };
        $error->("bad name $1") unless defined $list->{hint}{part};
        $error->("arguments of $1") if _args($1) ne _expect($state->{args});
        $state->{stage} = 2;

    } elsif ($line =~ /^\#EXT-X-RENDITION-REPORT:URI="(\w+)\.m3u8($ARGS)",
                       LAST-MSN=(\d+)(?:,LAST-PART=(\d+))?$/x)
    {
        $error->("report of $1 twice") if $list->{reports}{$1};
        $error->("arguments $2") if $2 ne _expect($state->{args});
        $list->{reports}{$1} = { msn => $3, part => $4 };
        $state->{stage} = 2;

    } elsif ($line eq '#EXT-X-ENDLIST') {
        $list->{ended} = 1;

    } else {
        $error->("unknown: $line");
    }
}


sub _expect { length $_[0] ? "?$_[0]" : '' }

sub _args { $_[0] =~ /(\?.*)$/ ? $1 : '' }


sub _media_part {
    my ($state, $part) = @_;

    my $error = $state->{error};
    my $seg = $state->{segment};
    my $name = _name($part->{uri});

    $error->('part behind EXTINF') if defined $seg->{duration};
    $error->("bad name $part->{uri}") unless $name && defined $name->{part};
    $error->("arguments of $part->{uri}")
        if _args($part->{uri}) ne _expect($state->{args});

    $seg->{parts} //= [];
    $error->("part $name->{part} is not number " . @{$seg->{parts}})
        if $name && $name->{part} != @{$seg->{parts}};

    $seg->{msn} //= $name->{msn};
    $error->("part of another segment: $part->{uri}")
        if $seg->{msn} != $name->{msn};

    push @{$seg->{parts}}, $part;
}


sub _media_uri {
    my ($state, $uri) = @_;

    my $error = $state->{error};
    my $seg = $state->{segment};
    my $name = _name($uri);

    $error->("bad name $uri") unless $name && !defined $name->{part};
    $error->("arguments of $uri") if _args($uri) ne _expect($state->{args});
    $error->('no EXTINF') unless defined $seg->{duration};
    $error->("parts of another segment than $uri")
        if defined $seg->{msn} && $seg->{msn} != $name->{msn};

    $seg->{msn} = $name->{msn};
    $seg->{uri} = $uri;
    $seg->{track} = $name->{track};

    push @{$state->{list}{segments}}, $seg;
    $state->{segment} = {};
}


# What stands behind the last segment, and what follows from the header.

sub _media_end {
    my ($state) = @_;

    my ($list, $error) = @$state{qw/ list error /};
    my $h = $state->{header};

    for my $tag (qw/ EXTM3U EXT-X-VERSION EXT-X-TARGETDURATION
                     EXT-X-SERVER-CONTROL EXT-X-MEDIA-SEQUENCE
                     EXT-X-DISCONTINUITY-SEQUENCE /)
    {
        $error->("no $tag") unless exists $h->{$tag};
    }

    $list->{version} = $h->{'EXT-X-VERSION'};
    $list->{target} = $h->{'EXT-X-TARGETDURATION'};
    $list->{part_target} = $h->{'EXT-X-PART-INF'};
    $list->{msn} = $h->{'EXT-X-MEDIA-SEQUENCE'};
    $list->{dseq} = $h->{'EXT-X-DISCONTINUITY-SEQUENCE'};
    $list->{independent} = exists $h->{'EXT-X-INDEPENDENT-SEGMENTS'} ? 1 : 0;
    $list->{control} = _attributes($h->{'EXT-X-SERVER-CONTROL'} // '', $error);

    $error->('the first line is not EXTM3U')
        if ($list->{header}[0] // '') ne '#EXTM3U';

    my $open = $state->{segment};

    $error->('EXTINF without a segment') if defined $open->{duration};
    $error->('tags without a part or segment') if %$open && !$open->{parts};

    $list->{open} = { parts => [], %$open,
                      msn => $list->{msn} + $list->{skipped}
                             + @{$list->{segments}} };

    $error->("part of segment $open->{msn}, not $list->{open}{msn}")
        if defined $open->{msn} && $open->{msn} != $list->{open}{msn};
}


sub _media_check {
    my ($list, $error) = @_;

    my $ll = defined $list->{part_target};
    my $target = $list->{target};

    # 4.4.3.8

    my %control = ('CAN-BLOCK-RELOAD' => 'YES',
                   'CAN-SKIP-UNTIL' => sprintf('%.6f', 6 * $target),
                   'HOLD-BACK' => sprintf('%.6f', 3 * $target));
    $control{'PART-HOLD-BACK'} = sprintf('%.6f', 3 * $list->{part_target})
        if $ll;

    for my $name (sort keys %control) {
        $error->("$name is not $control{$name}")
            if ($list->{control}{$name} // '') ne $control{$name};
    }

    $error->('more in SERVER-CONTROL')
        if keys %{$list->{control}} != keys %control;

    # of segments: 4.4.4

    my $all = [ @{$list->{segments}},
                @{$list->{open}{parts}} ? $list->{open} : () ];
    my $map;
    my $dseq = $list->{dseq};
    my $last;

    for my $i (0 .. $#$all) {
        my $seg = $all->[$i];
        my $msn = $list->{msn} + $list->{skipped} + $i;

        $error->("segment $seg->{msn} is not $msn") if $seg->{msn} != $msn;
        $error->("segment $msn: no date") unless defined $seg->{date};

        $dseq++ if $seg->{discontinuity};
        $error->("segment $msn: no MAP behind DISCONTINUITY")
            if $seg->{discontinuity} && !$seg->{map};

        $seg->{new_map} = $seg->{map} ? 1 : 0;
        $map = $seg->{map} //= $map;
        $error->("segment $msn: MAP that does not change")
            if $last && $seg->{new_map} && !$seg->{discontinuity}
               && $last->{map} && $last->{map} eq $seg->{map};

        $error->("segment $msn: no MAP")
            unless $map || $seg->{gap} || $list->{skipped};

        $seg->{dseq} = $dseq unless $list->{skipped};

        _check_date($seg, $last, $error) if $last;
        _check_segment($list, $seg, $error);

        $last = $seg;
    }

    _check_tail($list, $error);
    _check_parts_listed($list, $all, $error) if $ll;
}


# Dates go on by the durations, but for a discontinuity: then they do not go
# back.

sub _check_date {
    my ($seg, $last, $error) = @_;

    return unless defined $seg->{date} && defined $last->{date};

    my $jump = $seg->{date} - $last->{date} - $last->{duration};
    my $max = $seg->{discontinuity} ? 3600 : 0.0021;
    my $min = $seg->{discontinuity} ? -0.0021 : -0.0021;

    $error->(sprintf('segment %d: date is off by %.3f s', $seg->{msn}, $jump))
        if $jump > $max || $jump < $min;
}


sub _check_segment {
    my ($list, $seg, $error) = @_;

    my $msn = $seg->{msn};
    my $parts = $seg->{parts} // [];
    my $sum = 0;

    # an EXTINF rounded to the nearest second: 4.4.3.1

    $error->("segment $msn of $seg->{duration} s")
        if defined $seg->{duration}
           && int($seg->{duration} + 0.5) > $list->{target};

    $error->("segment $msn: parts in plain HLS")
        if @$parts && !defined $list->{part_target};

    for my $i (0 .. $#$parts) {
        my $d = $parts->[$i]{duration};
        $sum += $d;

        $error->("part $msn.$i of $d s, PART-TARGET $list->{part_target}")
            if $d > $list->{part_target};

        # 4.4.4.9; that of the open segment is not known to be the last

        $error->("part $msn.$i of $d s is below 85 %")
            if $i < $#$parts && $d < 0.85 * $list->{part_target};
    }

    $error->("segment $msn: EXTINF $seg->{duration}, parts $sum")
        if @$parts && defined $seg->{duration}
           && abs($seg->{duration} - $sum) > 13e-6 * @$parts;

    $error->("segment $msn: is not independent")
        if $list->{independent} && @$parts && !$parts->[0]{independent}
           && !$parts->[0]{gap};
}


sub _check_tail {
    my ($list, $error) = @_;

    my $open = $list->{open};

    if ($list->{ended}) {
        $error->('hint in an ended playlist') if $list->{hint};
        $error->('open segment in an ended playlist') if @{$open->{parts}};
        return;
    }

    if (!defined $list->{part_target}) {
        $error->('hint in plain HLS') if $list->{hint};
        return;
    }

    return $error->('no hint') unless $list->{hint};

    $error->("hint $list->{hint}{uri} is not of $open->{msn}."
             . @{$open->{parts}})
        if $list->{hint}{msn} != $open->{msn}
           || $list->{hint}{part} != @{$open->{parts}};

    for my $track (keys %{$list->{reports}}) {
        $error->("report of $track without LAST-PART")
            unless defined $list->{reports}{$track}{part};
    }
}


# Parts are listed for exactly three target durations: 6.2.2.

sub _check_parts_listed {
    my ($list, $all, $error) = @_;

    my $behind = 0;

    for my $seg (reverse @$all) {
        my $parts = @{$seg->{parts} // []};

        $error->("segment $seg->{msn}: no parts, ${behind} s from the end")
            if !$parts && !$seg->{gap} && !$list->{ended}
               && $behind <= 3 * $list->{target} - 0.001;
        $error->("segment $seg->{msn}: parts, ${behind} s from the end")
            if $parts && $behind > 3 * $list->{target} + 0.001;

        if (defined $seg->{duration}) {
            $behind += $seg->{duration};
        } else {
            $behind += $_->{duration} for @{$seg->{parts}};
        }
    }
}


# The multivariant playlist: variants [ { uri, attributes } ], audio (likewise),
# session, tracks.

sub parse_multi {
    my ($text, %opt) = @_;

    my @errors;
    my $n = 0;
    my $error = sub { push @errors, "line $n: $_[0]" };
    my $multi = { text => $text, errors => \@errors, variants => [],
                  audio => [], tracks => [] };
    my $args = _expect($opt{args} // '');
    my $inf;

    my $uri = sub {
        my ($entry) = @_;

        my ($session, $track) = $entry->{uri}
            =~ m{^(\w+)/(\w+)\.m3u8\Q$args\E$}
            or return $error->("bad name $entry->{uri}");

        $error->("another session: $session")
            if ($multi->{session} //= $session) ne $session;

        $entry->{track} = $track;
        push @{$multi->{tracks}}, $track;
    };

    $error->('no newline at the end') unless $text =~ /\n\z/;

    for my $line (split(/\n/, $text)) {
        $n++;

        if ($n == 1) {
            $error->('is not EXTM3U') if $line ne '#EXTM3U';

        } elsif ($line =~ /^#EXT-X-VERSION:(\d+)$/) {
            $multi->{version} = $1;

        } elsif ($line eq '#EXT-X-INDEPENDENT-SEGMENTS') {
            $multi->{independent} = 1;

        } elsif ($line =~ /^#EXT-X-MEDIA:(.*)$/) {
            my $attr = _attributes($1, $error);
            my $entry = { %$attr, uri => $attr->{URI} };

            $uri->($entry);
            push @{$multi->{audio}}, $entry;

        } elsif ($line =~ /^#EXT-X-STREAM-INF:(.*)$/) {
            $error->('variant without URI') if $inf;
            $inf = _attributes($1, $error);

        } elsif ($line !~ /^#/) {
            $error->('URI without STREAM-INF') unless $inf;
            my $entry = { %{$inf // {}}, uri => $line };

            $uri->($entry);
            push @{$multi->{variants}}, $entry;
            $inf = undef;

        } else {
            $error->("unknown: $line");
        }
    }

    $error->('variant without URI') if $inf;
    $error->('no variant') unless @{$multi->{variants}};

    return $multi;
}


# The types of the NAL units of a sample of H.264, with lengths of 4 bytes.

sub nals {
    my ($data) = @_;

    my ($pos, @types) = (0);

    while ($pos + 5 <= length $data) {
        my ($len, $type) = unpack("\@$pos N C", $data);
        push @types, $type & 0x1f;
        $pos += 4 + $len;
    }

    die "NAL units do not fill the sample\n" if $pos != length $data;

    return @types;
}


1;
