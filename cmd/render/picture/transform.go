package picture

import (
	"fmt"
	"math"

	"satchel/internal/vips"
	"satchel/internal/vips/metadata"
	"satchel/policies/transforms"
)

// plan says what libvips does to a picture that is seen as so many pixels.
type plan struct {
	width, height int // it is scaled to, before anything is cut
	crop          crop
	left, top     int // of what is cut out
	cut           bool
	boxW, boxH    int // that it is cut to
	groundW       int // of the ground behind it; 0: none
	groundH       int
}

type crop int

const (
	exact         crop = iota // scaled to width and height, nothing is cut by libvips
	cropCenter                // scaled and cut to width and height
	cropAttention             // the same
)

// planOf makes the plan. Nothing is enlarged: a box beyond the picture shrinks with its
// proportions, but for the ground.
func planOf(s transforms.Spec, width, height int) plan {
	switch s.Fit {
	case transforms.Cover:
		return coverPlan(s, width, height)
	case transforms.Fill:
		return plan{width: min(s.Width, width), height: min(s.Height, height)}
	case transforms.Inside, transforms.Contain:
	}
	scale := min(1, float64(orLongest(s.Width))/float64(width), float64(orLongest(s.Height))/float64(height))
	p := plan{width: scaled(width, scale), height: scaled(height, scale)}
	if s.Fit == transforms.Contain {
		p.groundW, p.groundH = s.Width, s.Height
	}
	return p
}

// orLongest bounds a side that any length will do for: WebP knows no side beyond 16,383.
func orLongest(side int) int {
	if side == 0 {
		return 4 * transforms.MaxSide
	}
	return side
}

func coverPlan(s transforms.Spec, width, height int) plan {
	down := min(1, float64(width)/float64(s.Width), float64(height)/float64(s.Height))
	boxW, boxH := min(scaled(s.Width, down), width), min(scaled(s.Height, down), height)
	switch s.Gravity {
	case transforms.Attention:
		return plan{width: boxW, height: boxH, crop: cropAttention}
	case transforms.Center:
		return plan{width: boxW, height: boxH, crop: cropCenter}
	case transforms.Focal:
	}
	scale := max(float64(boxW)/float64(width), float64(boxH)/float64(height))
	p := plan{width: max(scaled(width, scale), boxW), height: max(scaled(height, scale), boxH), cut: true, boxW: boxW, boxH: boxH}
	p.left, p.top = around(s.FocalX, p.width, boxW), around(s.FocalY, p.height, boxH)
	return p
}

// around is where a stretch of a side begins that has a point in its middle, as far as
// the side reaches.
func around(percent, side, stretch int) int {
	begin := percent*side/100 - stretch/2
	return max(0, min(begin, side-stretch))
}

func scaled(side int, scale float64) int { return max(1, int(math.Round(float64(side)*scale))) }

// decoded is the size that is needed of the picture before anything is cut.
func (p plan) decoded(width, height int) (int, int) {
	if p.crop == exact {
		return p.width, p.height
	}
	scale := max(float64(p.width)/float64(width), float64(p.height)/float64(height))
	return scaled(width, scale), scaled(height, scale)
}

// Transform makes one picture that was asked for. It refuses what Render refuses.
func Transform(content []byte, s transforms.Spec) (vips.Report, []Rendition, error) {
	o, err := open(content)
	if err != nil {
		return vips.Report{}, nil, err
	}
	p := planOf(s, o.report.Width, o.report.Height)
	w, h := p.decoded(o.report.Width, o.report.Height)
	options := ""
	for _, factor := range []int{8, 4, 2} {
		if o.format.Name == "jpeg" && o.report.Width >= w*factor && o.report.Height >= h*factor {
			options = fmt.Sprintf("[shrink=%d]", factor)
			break
		}
	}
	encoded, width, height, err := transform(o.content, how{options: options, profiled: o.header.profiled}, p, s)
	if err != nil {
		return vips.Report{}, nil, damaged(err)
	}
	clean, err := metadata.Strip(encoded)
	if err == nil {
		err = metadata.Check(clean)
	}
	if err != nil {
		return vips.Report{}, nil, fmt.Errorf("strip metadata: %w", err)
	}
	name := vips.TransformedName(s)
	return o.report, []Rendition{{Content: clean, Rendition: vips.Rendition{
		Name: name, File: name, MIME: s.Format.MediaType(), Width: width, Height: height, Size: int64(len(clean)),
	}}}, nil
}
