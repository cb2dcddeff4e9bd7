package Test::NginxLive::HLS::Follower;

# Copyright (C) nginx-live authors

# One rendition as a player at the live edge sees it: blocking reloads over a
# connection of its own, every part fetched as it is listed, every segment as
# it is complete.  What contradicts an earlier answer is an error.
#
#     my $f = $hls->follow('v0');          # parts => 0: fetches nothing
#     follow_until(sub { $f->complete >= 4 }, 20, $f);
#     is_deeply($f->errors, []);
#     is_deeply($f->media_errors, []);
#
# segments is a hash by MSN of what was listed, with bytes (of the segment)
# and parts [ { duration, independent, gap, bytes } ].  delta => 1 asks for
# delta updates where there may be one.

use warnings;
use strict;

use Test::NginxLive::Process ();
use Test::NginxLive::MP4 qw/ fragments init_info /;


sub new {
    my ($class, $hls, $track, %opt) = @_;

    my $self = bless { hls => $hls, track => $track, parts => 1, errors => [],
                       segments => {}, maps => {}, playlists => 0, deltas => 0,
                       done => 0, %opt }, $class;

    $self->{client} = $hls->client;
    $self->{media} = $hls->client;

    return $self;
}


# The first playlist is asked for when it is going to be read: what an old one
# names may be gone.

sub sock {
    my ($self) = @_;

    $self->_ask('') unless defined $self->{query};
    return $self->{client}->sock;
}


sub done { $_[0]{done} }

sub list { $_[0]{list} }

sub segments { $_[0]{segments} }

sub errors { $_[0]{errors} }

# complete segments seen, without gaps

sub complete {
    my ($self) = @_;
    return scalar grep { defined $_->{duration} && !$_->{gap} }
        values %{$self->{segments}};
}


sub where {
    my ($self) = @_;

    my $list = $self->{list} or return "$self->{track}: nothing";
    return "$self->{track}: $list->{open}{msn}." . @{$list->{open}{parts}};
}


sub _error {
    my ($self, $text) = @_;

    push @{$self->{errors}}, "$self->{track}: $text"
        if @{$self->{errors}} < 20;
    return;
}


sub _ask {
    my ($self, $query) = @_;

    my $hls = $self->{hls};

    $self->{query} = $query;
    $self->{client}->request($hls->path($hls->file("$self->{track}.m3u8"),
                                        length $query ? $query : ()),
                             %{$self->{request} // {}});
}


sub step {
    my ($self) = @_;

    my $r = $self->{client}->response(timeout => 30);

    if ($r->{status} != 200) {
        $self->{done} = 1;
        return $self->_error("$r->{status} of $self->{query}: $r->{body}");
    }

    my $list = Test::NginxLive::HLS::parse_media($r->{body},
        args => $self->{hls}{args});

    $self->{playlists}++;
    $self->_error("$_ (after $self->{query})") for @{$list->{errors}};

    $self->_compare($list) if $self->{list};
    $self->_merge($list);

    $list->{name} = $self->{track};
    $self->{list} = $list;

    return $self->{done} = 1 if $list->{ended};

    my $query = Test::NginxLive::HLS::next_query($list);

    if ($self->{delta}) {
        $query .= '&_HLS_skip=YES';
    }

    $self->_ask($query);
}


# The header never changes, numbers do not go back, what was waited for is
# there.

sub _compare {
    my ($self, $list) = @_;

    my $old = $self->{list};

    # an ended list that comes from its file has no parts and nothing about them

    $list->{part_target} //= $old->{part_target}
        if $list->{ended} && !grep { @{$_->{parts} // []} } @{$list->{segments}};

    for my $name (qw/ version target part_target /) {
        $self->_error("$name was $old->{$name}, is " . ($list->{$name} // '-'))
            if ($old->{$name} // '') ne ($list->{$name} // '');
    }

    $self->_error("media sequence went back from $old->{msn} to $list->{msn}")
        if $list->{msn} < $old->{msn};

    my $edge = sub { $_[0]{open}{msn} * 1000 + @{$_[0]{open}{parts}} };

    $self->_error('the edge did not move: ' . $self->where)
        if $edge->($list) <= $edge->($old) && !$list->{ended};

    # tags that have left the window are counted: 6.2.2

    my $first = $self->{segments}{$list->{msn}};

    if ($first && defined $first->{dseq}) {
        my $dseq = $first->{dseq} - ($first->{discontinuity} ? 1 : 0);
        $self->_error("discontinuity sequence $list->{dseq}, not $dseq")
            if $list->{dseq} != $dseq;
    }

    if ($list->{skipped}) {
        $self->{deltas}++;
        $self->_compare_skipped($list);
    }
}


# What a delta leaves out is known, and is older than CAN-SKIP-UNTIL.

sub _compare_skipped {
    my ($self, $list) = @_;

    my $dseq = $list->{dseq};
    my $behind = 0;
    $behind += $_->{duration} for @{$list->{segments}};

    for my $msn ($list->{msn} .. $list->{msn} + $list->{skipped} - 1) {
        my $seg = $self->{segments}{$msn};

        if (!$seg) {
            $self->_error("segment $msn was skipped, but never listed");
            next;
        }

        $dseq++ if $seg->{discontinuity};
    }

    my $until = $list->{control}{'CAN-SKIP-UNTIL'} // 0;
    $self->_error("skipped what ends $behind s before the end of $until")
        if $behind < $until - 0.001;

    for my $seg (@{$list->{segments}}, $list->{open}) {
        $dseq++ if $seg->{discontinuity};
        $seg->{dseq} = $dseq;
    }
}


sub _merge {
    my ($self, $list) = @_;

    for my $seg (@{$list->{segments}}, $list->{open}) {
        my $msn = $seg->{msn};
        my $old = $self->{segments}{$msn} //= { msn => $msn, parts => [] };

        next if $seg == $list->{open} && !@{$seg->{parts}};

        for my $name (qw/ duration date map discontinuity dseq /) {
            my ($was, $is) = ($old->{$name}, $seg->{$name});

            # with a delta the map of the first segments is not told

            next if !defined $is && ($name ne 'discontinuity'
                                     || $seg == $list->{open});
            $is //= 0 if $name eq 'discontinuity';

            $self->_error("segment $msn: $name was $was, is $is")
                if defined $was && $was ne $is;
            $old->{$name} = $is;
        }

        $self->_error("segment $msn is a gap no more")
            if $old->{gap} && !$seg->{gap};
        $old->{gap} = $seg->{gap} // 0;

        $self->_merge_parts($old, $seg);
        $self->_fetch($old, $seg) if $self->{parts};
    }
}


sub _merge_parts {
    my ($self, $old, $seg) = @_;

    my @parts = @{$seg->{parts} // []};

    return unless @parts;

    $self->_error("segment $seg->{msn} has lost parts")
        if @parts < @{$old->{parts}};

    for my $i (0 .. $#parts) {
        my $was = $old->{parts}[$i];

        if (!$was) {
            $self->_error("segment $seg->{msn} has won parts at its end")
                if $old->{whole};
            $old->{parts}[$i] = { %{$parts[$i]} };
            next;
        }

        for my $name (qw/ duration independent uri /) {
            $self->_error("part $seg->{msn}.$i: $name was $was->{$name}, is "
                          . $parts[$i]{$name})
                if $was->{$name} ne $parts[$i]{$name};
        }

        $was->{gap} = $parts[$i]{gap};
    }

    $old->{whole} = 1 if defined $seg->{duration};
}


# A part that is listed is there, whole; so is a segment, and it is its parts.

sub _fetch {
    my ($self, $old, $seg) = @_;

    if (defined $seg->{map} && !exists $self->{maps}{$seg->{map}}) {
        $self->{maps}{$seg->{map}} = $self->_get($seg->{map});
    }

    for my $part (@{$seg->{parts} // []} ? @{$old->{parts}} : ()) {
        next if $part->{gap} || exists $part->{bytes};
        $part->{bytes} = $self->_get($part->{uri}, $old);
    }

    if (defined $seg->{duration} && !$seg->{gap} && !exists $old->{bytes}) {
        $old->{uri} = $seg->{uri};
        $old->{bytes} = $self->_get($seg->{uri});

        my $parts = join('', map { $_->{bytes} // '' } @{$old->{parts}});

        $self->_error("segment $seg->{msn} is not its parts")
            if $old->{whole} && !$old->{missed} && $parts ne $old->{bytes};
    }
}


# Parts leave the playlist soon: who comes so late that they are not listed any
# more has missed them.

sub _get {
    my ($self, $uri, $seg) = @_;

    my $hls = $self->{hls};
    my $r = $self->{media}->get($hls->path($hls->file($uri)), timeout => 10);

    if ($r->{status} == 404 && $seg && !$self->_listed($uri)) {
        $seg->{missed} = 1;
        return '';
    }

    if ($r->{status} != 200) {
        $self->_error("$uri: $r->{status} $r->{body}");
        return '';
    }

    $self->_error("$uri is empty") unless length $r->{body};

    return $r->{body};
}


# Whether the playlist of now names it.

sub _listed {
    my ($self, $uri) = @_;

    my $list = $self->{hls}->list($self->{track});

    return grep { $_->{uri} && $_->{uri} eq $uri }
        map { ($_, @{$_->{parts} // []}) } @{$list->{segments}}, $list->{open};
}


# Fetches all segments of the list once more: by now from their files, unless
# they have left the window.

sub refetch_errors {
    my ($self) = @_;

    my @errors;

    for my $seg (grep { !$_->{gap} } @{$self->{list}{segments}}) {
        my $old = $self->{segments}{$seg->{msn}};
        my $r = $self->{hls}->get($self->{hls}->file($seg->{uri}));

        next if $r->{status} == 404 && !$self->_listed($seg->{uri});

        push @errors, "segment $seg->{msn}: $r->{status}"
            if $r->{status} != 200;
        push @errors, "segment $seg->{msn} has changed"
            if defined $old->{bytes} && $r->{body} ne $old->{bytes};
    }

    return \@errors;
}


# All segments that were fetched, in order, without gaps.

sub media {
    my ($self) = @_;

    return grep { length($_->{bytes} // '') }
        map { $self->{segments}{$_} }
        sort { $a <=> $b } keys %{$self->{segments}};
}


# Whether the bytes are what the playlists say: one fragment per part, as long
# as its DURATION, each beginning where the last one ended, INDEPENDENT where
# it begins with a key frame and nowhere else.

sub media_errors {
    my ($self) = @_;

    my @errors;
    my ($next, $last);

    for my $seg ($self->media) {
        my $info = init_info($self->{maps}{$seg->{map}});
        my $scale = $info->{timescale};
        my $video = $info->{handler} eq 'vide';
        my $fragments = fragments($seg->{bytes});
        my @parts = @{$seg->{parts}};

        $seg->{video} = $video;
        $seg->{fragments} = $fragments;
        $seg->{timescale} = $scale;

        $next = undef if $seg->{discontinuity}
                         || $last && $seg->{msn} != $last->{msn} + 1;

        push @errors, "segment $seg->{msn}: " . @$fragments . ' fragments, '
                      . @parts . ' parts'
            if @parts && @parts != @$fragments;

        for my $i (0 .. $#$fragments) {
            my $f = $fragments->[$i];
            my $id = "part $seg->{msn}.$i";

            push @errors, "$id: tfdt $f->{dts}, not $next"
                if defined $next && $f->{dts} != $next;
            $next = $f->{dts} + $f->{duration};

            push @errors, _part_errors($id, $f, $parts[$i], $scale, $video)
                if $parts[$i];
        }

        push @errors, _segment_errors($seg, $fragments, $scale, $video);
        $last = $seg;
    }

    splice(@errors, 20) if @errors > 20;

    return \@errors;
}


sub _part_errors {
    my ($id, $f, $part, $scale, $video) = @_;

    my @errors;
    my $key = $video ? $f->{samples}[0]{key} : 1;

    push @errors, sprintf('%s: DURATION=%s, lasts %.6f', $id,
                          $part->{duration}, $f->{duration} / $scale)
        if abs($f->{duration} / $scale - $part->{duration}) > 25e-6;

    push @errors, "$id: INDEPENDENT is $part->{independent}, key is $key"
        if $part->{independent} != $key;

    return @errors;
}


sub _segment_errors {
    my ($seg, $fragments, $scale, $video) = @_;

    my @errors;
    my $duration = 0;

    $duration += $_->{duration} for @$fragments;

    push @errors, sprintf('segment %d: EXTINF %s, lasts %.6f', $seg->{msn},
                          $seg->{duration}, $duration / $scale)
        if defined $seg->{duration}
           && abs($duration / $scale - $seg->{duration}) > 25e-6 * 50;

    return @errors unless $video;

    # the key frames are IDR pictures, type 5

    for my $f (@$fragments) {
        my $pos = 0;

        for my $s (@{$f->{samples}}) {
            my @nals = Test::NginxLive::HLS::nals(substr($f->{data}, $pos,
                                                         $s->{size}));
            my $idr = (grep { $_ == 5 } @nals) ? 1 : 0;

            push @errors, "segment $seg->{msn}: IDR $idr, sync $s->{key}"
                if $idr != $s->{key};
            $pos += $s->{size};
        }
    }

    return @errors;
}


# A file of all segments since the last discontinuity, for ffprobe; its path.

sub save {
    my ($self, $path) = @_;

    my @media = $self->media;
    my $dseq = $media[-1]{dseq};

    @media = grep { $_->{dseq} == $dseq && $_->{map} eq $media[-1]{map} }
        @media;

    return Test::NginxLive::Process::spit($path,
        join('', $self->{maps}{$media[-1]{map}}, map { $_->{bytes} } @media));
}


1;
