package Test::NginxLive::MP4;

# Copyright (C) nginx-live authors

# Reads fragmented MP4 (ISO/IEC 14496-12) as far as HLS needs it:
#
#     boxes($data)        [ [ type, offset, size ], ... ] of the top level
#     init_info($data)    { timescale, handler, codec }
#     fragments($data)    [ { offset, size, dts, duration, data,
#                             samples => [ { dts, duration, size, cts, key },
#                             ... ],
#                             events => [ { scheme, value, timescale, time,
#                             duration, id, data }, ... ] }, ... ]
#     journal($text)      { header, tracks => { name => map },
#                           segments => { name => [ { msn, start, date,
#                           discont, duration, bytes, map, flags }, ... ] },
#                           ended }

use warnings;
use strict;

use Exporter qw/ import /;

our @EXPORT_OK = qw/ boxes init_info fragments journal /;


sub boxes {
    my ($data, $from, $to) = @_;

    my ($pos, @boxes) = ($from // 0);
    $to //= length($data);

    while ($pos + 8 <= $to) {
        my ($size, $type) = unpack("\@$pos N a4", $data);
        die "box $type of $size bytes at $pos of $to\n"
            if $size < 8 || $pos + $size > $to;

        push @boxes, [ $type, $pos, $size ];
        $pos += $size;
    }

    die "rest of " . ($to - $pos) . " bytes\n" if $pos != $to;

    return \@boxes;
}


# The first box of that path, as [ type, offset, size ].

sub _find {
    my ($data, $box, @path) = @_;

    for my $type (@path) {
        my $list = boxes($data, $box ? ($box->[1] + 8, $box->[1] + $box->[2])
                                     : ());
        ($box) = grep { $_->[0] eq $type } @$list;
        return undef unless $box;
    }

    return $box;
}


sub init_info {
    my ($data) = @_;

    my $mdhd = _find($data, undef, qw/ moov trak mdia mdhd /);
    my $hdlr = _find($data, undef, qw/ moov trak mdia hdlr /);
    my $stsd = _find($data, undef, qw/ moov trak mdia minf stbl stsd /);
    my $version = unpack('C', substr($data, $mdhd->[1] + 8, 1));

    return {
        timescale => unpack('N', substr($data, $mdhd->[1]
                                               + ($version ? 28 : 20), 4)),
        handler => substr($data, $hdlr->[1] + 16, 4),
        codec => substr($data, $stsd->[1] + 20, 4),
        edts => _find($data, undef, qw/ moov trak edts /) ? 1 : 0
    };
}


sub fragments {
    my ($data) = @_;

    my @fragments;
    my $boxes = boxes($data);

    die "boxes: @{[ map { $_->[0] } @$boxes ]}\n"
        if join('', map { $_->[0] } @$boxes) !~ /^(?:(?:emsg)*moofmdat)+$/;

    while (@$boxes) {
        my $offset = $boxes->[0][1];
        my @events;

        push @events, _event($data, shift @$boxes)
            while $boxes->[0][0] eq 'emsg';

        my ($moof, $mdat) = splice(@$boxes, 0, 2);
        my $traf = _find($data, $moof, 'traf');
        my $f = _samples($data, $traf);

        $f->{events} = \@events;
        $f->{offset} = $offset;
        $f->{size} = $mdat->[1] + $mdat->[2] - $offset;
        $f->{data} = substr($data, $mdat->[1] + 8, $mdat->[2] - 8);

        push @fragments, $f;
    }

    return \@fragments;
}


# Of version 1, ISO/IEC 23009-1, 5.10.3.3.

sub _event {
    my ($data, $box) = @_;

    my $text = substr($data, $box->[1] + 8, $box->[2] - 8);
    my %e;

    die "emsg is not of version 1\n" if unpack('N', $text) != 0x1000000;

    @e{qw/ timescale time duration id scheme value data /}
        = unpack('x4 N Q> N N Z* Z* a*', $text);

    return \%e;
}


sub _samples {
    my ($data, $traf) = @_;

    my ($duration, $size, $flags) = _defaults($data, $traf);
    my $tfdt = _find($data, $traf, 'tfdt');
    my $trun = _find($data, $traf, 'trun');

    die "tfdt is not of version 1\n"
        if unpack('C', substr($data, $tfdt->[1] + 8, 1)) != 1;

    my $f = { dts => unpack('Q>', substr($data, $tfdt->[1] + 12, 8)),
              samples => [] };

    my ($vf, $n) = unpack('NN', substr($data, $trun->[1] + 8, 8));
    my $pos = $trun->[1] + 16 + ($vf & 1 ? 4 : 0);
    my $dts = $f->{dts};
    my $first;

    if ($vf & 4) {
        $first = unpack('N', substr($data, $pos, 4));
        $pos += 4;
    }

    for my $i (1 .. $n) {
        my %s = (dts => $dts, duration => $duration, size => $size, cts => 0);
        my $fl = $i == 1 ? $first // $flags : $flags;

        for my $f ([ 0x100, 'duration' ], [ 0x200, 'size' ], [ 0x400, 'flags' ],
                   [ 0x800, 'cts' ])
        {
            next unless $vf & $f->[0];
            $s{$f->[1]} = unpack($f->[0] == 0x800 && $vf >> 24 ? 'l>' : 'N',
                                 substr($data, $pos, 4));
            $pos += 4;
        }

        $fl = delete $s{flags} if defined $s{flags};
        $s{key} = $fl & 0x10000 ? 0 : 1;

        $dts += $s{duration};
        push @{$f->{samples}}, \%s;
    }

    $f->{duration} = $dts - $f->{dts};

    return $f;
}


# Of tfhd: duration, size and flags of samples.

sub _defaults {
    my ($data, $traf) = @_;

    my $tfhd = _find($data, $traf, 'tfhd');
    my $vf = unpack('N', substr($data, $tfhd->[1] + 8, 4));
    my $pos = $tfhd->[1] + 16;
    my @values;

    die "tfhd: default-base-is-moof is not set\n" unless $vf & 0x20000;

    $pos += 8 if $vf & 1;
    $pos += 4 if $vf & 2;

    for my $bit (8, 0x10, 0x20) {
        push @values, $vf & $bit ? unpack('N', substr($data, $pos, 4)) : 0;
        $pos += 4 if $vf & $bit;
    }

    return @values;
}


sub journal {
    my ($text) = @_;

    my %j = (tracks => {}, segments => {}, ended => 0);

    for my $line (split(/\n/, $text)) {
        my @f = split(' ', $line);
        pop @f;

        if ($f[0] eq 'H') {
            @{$j{header}}{qw/ version session stream created target part /}
                = @f[1 .. 6];

        } elsif ($f[0] eq 'T') {
            $j{tracks}{$f[1]} = $f[4];

        } elsif ($f[0] eq 'S') {
            for my $r (@f[5 .. $#f]) {
                my ($name, $duration, $bytes, $map, $flags) = split(/:/, $r);
                my %s = (msn => $f[1], start => $f[2], date => $f[3],
                         discont => $f[4] eq 'D' ? 1 : 0,
                         duration => $duration, bytes => $bytes, map => $map,
                         flags => $flags // '');

                # what a new owner has written again counts

                @{$j{segments}{$name}} = grep { $_->{msn} != $s{msn} }
                    @{$j{segments}{$name} // []};
                push @{$j{segments}{$name}}, \%s;
            }

        } elsif ($f[0] eq 'E') {
            $j{ended} = 1;
        }
    }

    return \%j;
}


1;
