// SPDX-License-Identifier: Apache-2.0
// Images: resizing, crops, colours, boxes, random windows, file formats.
#include <algorithm>
#include <string>
#include <vector>

#include "ops/arithmetic.h"
#include "ops/common_shapes.h"
#include "ops/families.h"

namespace caudal::ops {
namespace {

// -- Shapes ----------------------------------------------------------------------------------

void check_known(std::int64_t got, std::int64_t wanted, const char* what) {
  if (got >= 0 && got != wanted) {
    invalid("Dimension must be ", wanted, " but is ", got, " (", what, ")");
  }
}

/// [batch, size[0], size[1], channels]: input `i` holds the size.
void set_resized(ShapeContext& c, const PartialShape& images, int i) {
  check_known(c.with_rank(i, 1)[0], 2, "size");
  if (const Tensor* known = c.constant_input(i); known != nullptr && c.planning()) {
    for (const std::int64_t n : known->as_int64s()) {
      if (n <= 0) invalid("output dimensions must be positive");
    }
  }
  const PartialShape size = c.constant_as_shape(i);
  PartialShape out = images;
  for (int d = 0; d < 2; ++d) {
    const std::int64_t n = size.has_rank() ? size[d] : -1;
    out.set_dim(d + 1, n);
  }
  c.set_output(0, out);
}
void resize_shape(ShapeContext& c) { set_resized(c, c.with_rank(0, 4), 1); }

void resize_grad_shape(ShapeContext& c) {
  const PartialShape grads = c.with_rank(0, 4);
  PartialShape out = c.with_rank(1, 4);
  out.set_dim(0, ShapeContext::merge_dim(out[0], grads[0]));
  out.set_dim(3, ShapeContext::merge_dim(out[3], grads[3]));
  c.set_output(0, out);
}

/// The number of boxes: boxes [n, 4] are input i, the images they belong to input i + 1.
std::int64_t box_count(ShapeContext& c, int i) {
  const PartialShape boxes = c.with_rank(i, 2);
  check_known(boxes[1], 4, "boxes");
  return ShapeContext::merge_dim(boxes[0], c.with_rank(i + 1, 1)[0]);
}
void crop_and_resize_shape(ShapeContext& c) {
  PartialShape out = c.with_rank(0, 4);
  out.set_dim(0, box_count(c, 1));
  set_resized(c, out, 3);
}
void crop_grad_image_shape(ShapeContext& c) {
  const PartialShape grads = c.with_rank(0, 4);
  (void)ShapeContext::merge_dim(box_count(c, 1), grads[0]);
  check_known(c.with_rank(3, 1)[0], 4, "image_size");
  PartialShape out = c.constant_as_shape(3);
  if (!out.has_rank()) out = PartialShape::unknown_of_rank(4);
  out.set_dim(3, ShapeContext::merge_dim(out[3], grads[3]));
  c.set_output(0, out);
}
void crop_grad_boxes_shape(ShapeContext& c) {
  const PartialShape grads = c.with_rank(0, 4), image = c.with_rank(1, 4);
  (void)ShapeContext::merge_dim(grads[3], image[3]);
  c.set_output(0, {ShapeContext::merge_dim(box_count(c, 2), grads[0]), 4});
}

void glimpse_shape(ShapeContext& c) {
  PartialShape out = c.with_rank(0, 4);
  const PartialShape offsets = c.with_rank(2, 2);
  check_known(offsets[1], 2, "offsets");
  out.set_dim(0, ShapeContext::merge_dim(out[0], offsets[0]));
  set_resized(c, out, 1);
}

template <int kScalars>
void adjusted_shape(ShapeContext& c) {
  const PartialShape images = c.with_rank_at_least(0, 3);
  for (int i = 1; i <= kScalars; ++i) c.with_rank(i, 0);
  c.set_output(0, images);
}
void recoloured_shape(ShapeContext& c) {
  const PartialShape images = c.with_rank_at_least(0, 3);
  if (c.planning()) {  // TensorFlow leaves this to the run
    if (c.input(1).rank() != 0) invalid("delta or scale must be scalar: ", c.input(1));
    if (images.dim(-1) != 3) {
      invalid("input must have 3 channels but instead has ", images.dim(-1), " channels.");
    }
  }
  c.set_output(0, images);
}
void colours_shape(ShapeContext& c) {
  PartialShape images = c.with_rank_at_least(0, 1);
  if (images.has_rank()) {
    check_known(images.dim(-1), 3, "channels");
    images.set_dim(images.rank() - 1, 3);
  }
  c.set_output(0, images);
}

void draw_shape(ShapeContext& c) {
  const PartialShape images = c.with_rank(0, 4), boxes = c.with_rank(1, 3);
  check_known(boxes[2], 4, "boxes");
  if (images[3] >= 0 && images[3] != 1 && images[3] != 3 && images[3] != 4) {
    invalid("Channel depth should be either 1 (GRY), 3 (RGB), or 4 (RGBA)");
  }
  if (c.num_inputs() > 2) c.with_rank(2, 2);
  c.set_output(0, images);
}

void check_boxes_and_scores(ShapeContext& c) {
  const PartialShape boxes = c.with_rank(0, 2);
  check_known(boxes[1], 4, "boxes");
  (void)ShapeContext::merge_dim(boxes[0], c.with_rank(1, 1)[0]);
  for (int i = 2; i < c.num_inputs(); ++i) c.with_rank(i, 0);
}
void suppression_shape(ShapeContext& c) {
  check_boxes_and_scores(c);
  c.set_output(0, {-1});
}
/// With pad_to_max_output_size the number of results is known.
void padded_suppression_shape(ShapeContext& c) {
  check_boxes_and_scores(c);
  std::int64_t n = -1;
  if (c.attrs().b("pad_to_max_output_size")) {
    if (const Tensor* most = c.constant_input(2)) n = most->as_int64s().at(0);
    if (n < -1) invalid("max_output_size must be non-negative, got ", n);
  }
  const int last = c.num_outputs() - 1;
  for (int i = 0; i < last; ++i) c.set_output(i, {n});
  c.set_output(last, PartialShape::scalar());
}
void overlaps_shape(ShapeContext& c) {
  const PartialShape overlaps = c.with_rank(0, 2);
  const std::int64_t n = ShapeContext::merge_dim(overlaps[0], c.with_rank(1, 1)[0]);
  (void)ShapeContext::merge_dim(n, overlaps[1]);
  for (int i = 2; i < 5; ++i) c.with_rank(i, 0);
  c.set_output(0, {-1});
}
void combined_shape(ShapeContext& c) {
  const PartialShape boxes = c.with_rank(0, 4), scores = c.with_rank(1, 3);
  const std::int64_t batch = ShapeContext::merge_dim(boxes[0], scores[0]);
  (void)ShapeContext::merge_dim(boxes[1], scores[1]);
  check_known(boxes[3], 4, "boxes");
  for (int i = 2; i < 6; ++i) c.with_rank(i, 0);
  if (boxes[2] >= 0 && boxes[2] != 1 && scores[2] >= 0 && boxes[2] != scores[2]) {
    invalid("third dimension of boxes must be either 1 or equal to the third dimension of scores");
  }
  std::int64_t n = -1;
  const Tensor *per_class = c.constant_input(2), *total = c.constant_input(3);
  if (per_class != nullptr && total != nullptr) {
    const std::int64_t each = per_class->as_int64s().at(0);
    n = total->as_int64s().at(0);
    if (each <= 0) invalid("max_size_per_class must be positive");
    if (n <= 0) invalid("max_total_size must be > 0");
    if (c.attrs().b("pad_per_class")) {
      n = scores[2] < 0 ? -1 : std::min(n, checked_mul(each, scores[2]));
    }
  } else if (c.planning()) {
    n = -1;
  }
  c.set_output(0, {batch, n, 4});
  c.set_output(1, {batch, n});
  c.set_output(2, {batch, n});
  c.set_output(3, {batch});
}

void distorted_box_shape(ShapeContext& c) {
  check_known(c.with_rank(0, 1)[0], 3, "image_size");
  check_known(c.with_rank(1, 3)[2], 4, "bounding_boxes");
  if (c.num_inputs() > 2) c.with_rank(2, 0);
  c.set_output(0, {3});
  c.set_output(1, {3});
  c.set_output(2, {1, 1, 4});
}
void random_crop_shape(ShapeContext& c) {
  const PartialShape image = c.with_rank(0, 3);
  check_known(c.with_rank(1, 1)[0], 2, "size");
  const PartialShape size = c.constant_as_shape(1);
  PartialShape out{-1, -1, image[2]};
  for (int d = 0; d < 2 && size.has_rank(); ++d) out.set_dim(d, size[d]);
  c.set_output(0, out);
}

/// transforms [n, 8], where n is 1 or the number of images.
void check_transforms(ShapeContext& c) {
  const PartialShape images = c.with_rank(0, 4), transforms = c.with_rank(1, 2);
  check_known(transforms[1], 8, "transforms");
  if (transforms[0] >= 0 && transforms[0] != 1 && images[0] >= 0 && transforms[0] != images[0]) {
    invalid("Input transform should be num_images x 8 or 1 x 8");
  }
  const std::string& kind = c.attrs().s("interpolation");
  if (kind != "NEAREST" && kind != "BILINEAR") {
    invalid("Invalid interpolation ", kind, ". Supported types: NEAREST, BILINEAR");
  }
}
void projected_shape(ShapeContext& c) {
  check_transforms(c);
  c.set_output(0, c.input(0));
}
void projected_to_shape(ShapeContext& c) {
  check_transforms(c);
  set_resized(c, c.input(0).has_rank() ? c.input(0) : PartialShape::unknown_of_rank(4), 2);
}

void image_out(ShapeContext& c, int rank) {
  c.with_rank(0, 0);
  PartialShape out = PartialShape::unknown_of_rank(rank);
  if (rank == 4) out.set_dim(3, 3);
  if (const AttrValue* channels = c.attrs().find("channels")) {
    const std::int64_t n = channels->get<std::int64_t>();
    if (n < 0) invalid("channels must be non-negative, got ", n);
    if (n > 0) out.set_dim(2, n);
  }
  c.set_output(0, out);
}
void decode_shape(ShapeContext& c) { image_out(c, 3); }
void decode_gif_shape(ShapeContext& c) { image_out(c, 4); }
void decode_crop_shape(ShapeContext& c) {
  image_out(c, 3);
  check_known(c.with_rank(1, 1)[0], 4, "crop_window");
  if (const Tensor* window = c.constant_input(1)) {
    const std::vector<std::int64_t> w = window->as_int64s();
    if (w.size() == 4 && w[2] >= 0 && w[3] >= 0) {
      c.set_output(0, {w[2], w[3], c.attrs().i("channels") > 0 ? c.attrs().i("channels") : -1});
    }
  }
}
void jpeg_shape_shape(ShapeContext& c) {
  c.with_rank(0, 0);
  c.set_output(0, {3});
}
void encode_shape(ShapeContext& c) {
  c.with_rank(0, 3);
  for (int i = 1; i < c.num_inputs(); ++i) c.with_rank(i, 0);
  c.set_output(0, PartialShape::scalar());
}

// -- Gradients -------------------------------------------------------------------------------

Output part_of_shape(const GradContext& g, Output x, int first, int last) {
  const PartialShape& s = x.shape();
  if (s.has_rank() && s.rank() >= last) {
    std::vector<std::int32_t> known;
    for (int i = first; i < last && s[i] >= 0 && s[i] <= 0x7FFFFFFF; ++i) {
      known.push_back(std::int32_t(s[i]));
    }
    if (int(known.size()) == last - first) return g.builder().ints(known);
  }
  const Builder& b = g.builder();
  return g("StridedSlice", {shape_of(g, x), b.ints({first}), b.ints({last}), b.ints({1})});
}

AttrList resize_attrs(const GradContext& g) {
  return {{"align_corners", g.attrs().at("align_corners")},
          {"half_pixel_centers", g.attrs().at("half_pixel_centers")}};
}
void nearest_grad(GradContext& g) {
  g.set(0, g("ResizeNearestNeighborGrad", {g.dy(), part_of_shape(g, g.input(0), 1, 3)},
             resize_attrs(g)));
}
void nearest_grad_grad(GradContext& g) {
  g.set(0,
        g("ResizeNearestNeighbor", {g.dy(), part_of_shape(g, g.input(0), 1, 3)}, resize_attrs(g)));
}
template <bool kCubic>
void smooth_grad(GradContext& g) {
  const DType t = g.input(0).dtype();
  if (!is_floating(t) || (kCubic && t != DType::kFloat && t != DType::kDouble)) return;
  g.set(0, g(kCubic ? "ResizeBicubicGrad" : "ResizeBilinearGrad", {g.dy(), g.input(0)},
             resize_attrs(g)));
}
template <bool kCubic>
void smooth_grad_grad(GradContext& g) {
  g.set(0, g(kCubic ? "ResizeBicubic" : "ResizeBilinear",
             {g.dy(), part_of_shape(g, g.input(0), 1, 3)}, resize_attrs(g)));
}

void crop_and_resize_grad(GradContext& g) {
  const Output image = g.input(0), boxes = g.input(1), which = g.input(2);
  const DType t = image.dtype();
  if (g.needs(0) && (t == DType::kHalf || t == DType::kFloat || t == DType::kDouble)) {
    g.set(0, g("CropAndResizeGradImage", {g.dy(), boxes, which, shape_of(g, image)},
               {{"T", t}, {"method", g.attrs().at("method")}}));
  }
  if (g.needs(1)) g.set(1, g("CropAndResizeGradBoxes", {g.dy(), image, boxes, which}));
}
void crop_grad_image_grad(GradContext& g) {
  const Output grads = g.input(0), boxes = g.input(1), which = g.input(2);
  if (g.needs(0)) {
    g.set(0, g("CropAndResize", {g.dy(), boxes, which, part_of_shape(g, grads, 1, 3)},
               {{"method", g.attrs().at("method")}}));
  }
  if (g.needs(1)) g.set(1, g("CropAndResizeGradBoxes", {grads, g.dy(), boxes, which}));
}

// With the largest channel M, the smallest m and the hue's numerator N, which goes around with the
// largest channel: V = M, S = 1 - m / M, H = N / (6 (M - m)) + a constant.
void rgb_to_hsv_grad(GradContext& g) {
  const Builder& b = g.builder();
  const Output x = g.input(0), dy = g.dy();
  const DType t = x.dtype();
  const Output last = b.ints({-1});
  const auto channel_sum = [&](Output v) { return g("Sum", {v, last}, {{"keep_dims", true}}); };
  const auto one_hot = [&](Output at) {
    return g("OneHot", {at, b.scalar(std::int32_t{3}), b.scalar_of(t, 1), b.scalar_of(t, 0)});
  };
  const auto turned = [&](Output v, int by) {
    return g("Roll", {v, b.scalar(std::int32_t(by)), b.scalar(std::int32_t{-1})});
  };
  const Output axis = b.scalar(std::int32_t{-1});
  const Output big = one_hot(g("ArgMax", {x, axis}));
  const Output small =
      g("ReverseV2", {one_hot(g("ArgMin", {g("ReverseV2", {x, last}), axis})), last});
  const Output most = g("Max", {x, last}, {{"keep_dims", true}});
  const Output least = g("Min", {x, last}, {{"keep_dims", true}});
  const Output range = sub(g, most, least);
  const auto over = [&](Output a, Output d) { return g("DivNoNan", {a, d}); };
  const auto part = [&](int i) {
    std::vector<float> mask(3, 0.0f);
    mask[std::size_t(i)] = 1;
    Output m = b.constant(Tensor::vector(mask));
    if (t != DType::kFloat) m = g("Cast", {m}, {{"DstT", t}});
    return channel_sum(mul(g, dy, m));
  };
  const Output way = sub(g, turned(big, 1), turned(big, -1));
  const Output numerator = channel_sum(mul(g, way, x));
  const Output hue = scale(
      g, sub(g, over(way, range), mul(g, sub(g, big, small), over(numerator, square(g, range)))),
      1.0 / 6);
  const Output saturation = sub(g, mul(g, big, over(least, square(g, most))), over(small, most));
  g.set(0, add(g, add(g, mul(g, part(0), hue), mul(g, part(1), saturation)), mul(g, part(2), big)));
}

// The gradient goes back through the inverse transforms.
void projected_grad(GradContext& g) {
  const DType t = g.input(0).dtype();
  if (!is_floating(t)) return;
  const Builder& b = g.builder();
  const Output flat = g.input(1);
  const Output rows = part_of_shape(g, flat, 0, 1);
  const Output zero = b.scalar(std::int32_t{0}), one = b.scalar(std::int32_t{1});
  const auto dims = [&](const std::vector<std::int32_t>& rest) {
    return g("ConcatV2", {rows, b.ints(rest), zero}, {}, "concat");
  };
  const Output ones = g("Fill", {dims({1}), b.scalar(1.0f)});
  const Output matrices =
      g("Reshape", {g("ConcatV2", {flat, ones, one}, {}, "concat"), dims({3, 3})});
  const Output inverse = g("Reshape", {g("MatrixInverse", {matrices}), dims({9})});
  const auto columns = [&](int first, int size) {
    return g("Slice", {inverse, b.ints({0, first}), b.ints({-1, size})});
  };
  const Output transforms = realdiv(g, columns(0, 8), columns(8, 1));
  g.set(0, g("ImageProjectiveTransformV2", {g.dy(), transforms, part_of_shape(g, g.input(0), 1, 3)},
             {{"interpolation", g.attrs().at("interpolation")}}));
}

#define CAUDAL_PIXELS "T:type{int8,uint8,int16,uint16,int32,int64,half,float,double}; "
#define CAUDAL_RESIZE "align_corners:bool=false; half_pixel_centers:bool=false"
#define CAUDAL_JPEG                                          \
  "channels:int=0; ratio:int=1; fancy_upscaling:bool=true; " \
  "try_recover_truncated:bool=false; acceptable_fraction:float=1; dct_method:string=''"
#define CAUDAL_WINDOW                                               \
  "aspect_ratio_range:list(float)=[0.75,1.33000004]; "              \
  "area_range:list(float)=[0.0500000007,1]; max_attempts:int=100; " \
  "use_image_if_no_bounding_boxes:bool=false"
#define CAUDAL_SUPPRESS "T:type{half,float}=float; T_threshold:type{half,float}=float"
#define CAUDAL_PROJECT "dtype:type{uint8,int32,int64,half,float,double}; interpolation:string"

constexpr std::uint32_t kDraws = kStateful | kRandom;

constexpr OpRow kRows[] = {
    {"ResizeNearestNeighbor",
     "images:T size:int32 -> resized_images:T; " CAUDAL_PIXELS CAUDAL_RESIZE, resize_shape,
     nearest_grad},
    {"ResizeNearestNeighborGrad",
     "grads:T size:int32 -> output:T; T:type{uint8,int8,int32,half,float,double}; " CAUDAL_RESIZE,
     resize_shape, nearest_grad_grad},
    {"ResizeBilinear",
     "images:T size:int32 -> resized_images:float; "
     "T:type{int8,uint8,int16,uint16,int32,int64,bfloat16,half,float,double}; " CAUDAL_RESIZE,
     resize_shape, smooth_grad<false>},
    {"ResizeBilinearGrad",
     "grads:float original_image:T -> output:T; T:type{float,bfloat16,half,double}; " CAUDAL_RESIZE,
     resize_grad_shape, smooth_grad_grad<false>},
    {"ResizeBicubic", "images:T size:int32 -> resized_images:float; " CAUDAL_PIXELS CAUDAL_RESIZE,
     resize_shape, smooth_grad<true>},
    {"ResizeBicubicGrad",
     "grads:float original_image:T -> output:T; T:type{float,double}; " CAUDAL_RESIZE,
     resize_grad_shape, smooth_grad_grad<true>},
    {"ResizeArea",
     "images:T size:int32 -> resized_images:float; " CAUDAL_PIXELS "align_corners:bool=false",
     resize_shape, nullptr},
    {"CropAndResize",
     "image:T boxes:float box_ind:int32 crop_size:int32 -> crops:float; "
     "T:type{uint8,uint16,int8,int16,int32,int64,half,float,double}; "
     "method:string{'bilinear','nearest'}='bilinear'; extrapolation_value:float=0",
     crop_and_resize_shape, crop_and_resize_grad},
    {"CropAndResizeGradImage",
     "grads:float boxes:float box_ind:int32 image_size:int32 -> output:T; "
     "T:type{float,half,double}; method:string{'bilinear','nearest'}='bilinear'",
     crop_grad_image_shape, crop_grad_image_grad},
    {"CropAndResizeGradBoxes",
     "grads:float image:T boxes:float box_ind:int32 -> output:float; "
     "T:type{uint8,uint16,int8,int16,int32,int64,half,float,double}; "
     "method:string{'bilinear'}='bilinear'",
     crop_grad_boxes_shape, nullptr},
    {"ExtractGlimpse",
     "input:float size:int32 offsets:float -> glimpse:float; centered:bool=true; "
     "normalized:bool=true; uniform_noise:bool=true; noise:string='uniform'",
     glimpse_shape, no_gradient},
    {"AdjustContrast",
     "images:T contrast_factor:float min_value:float max_value:float -> output:float; "
     "T:type{uint8,int8,int16,int32,int64,float,double}",
     adjusted_shape<3>, nullptr},
    {"AdjustContrastv2", "images:T contrast_factor:float -> output:T; T:type{half,float}=float",
     adjusted_shape<1>, nullptr},
    {"AdjustHue", "images:T delta:float -> output:T; T:type{half,float}=float", recoloured_shape,
     nullptr},
    {"AdjustSaturation", "images:T scale:float -> output:T; T:type{half,float}=float",
     recoloured_shape, nullptr},
    {"RGBToHSV", "images:T -> output:T; T:type{half,bfloat16,float,double}=float", colours_shape,
     rgb_to_hsv_grad},
    {"HSVToRGB", "images:T -> output:T; T:type{half,bfloat16,float,double}=float", colours_shape,
     no_gradient},
    {"DrawBoundingBoxes", "images:T boxes:float -> output:T; T:type{float,half}=float", draw_shape,
     no_gradient},
    {"DrawBoundingBoxesV2",
     "images:T boxes:float colors:float -> output:T; T:type{float,half}=float", draw_shape,
     nullptr},
    {"NonMaxSuppression",
     "boxes:float scores:float max_output_size:int32 -> selected_indices:int32; "
     "iou_threshold:float=0.5",
     suppression_shape, no_gradient, kDynamicShape},
    {"NonMaxSuppressionV2",
     "boxes:T scores:T max_output_size:int32 iou_threshold:T_threshold -> "
     "selected_indices:int32; " CAUDAL_SUPPRESS,
     suppression_shape, no_gradient, kDynamicShape},
    {"NonMaxSuppressionV3",
     "boxes:T scores:T max_output_size:int32 iou_threshold:T_threshold "
     "score_threshold:T_threshold -> selected_indices:int32; " CAUDAL_SUPPRESS,
     suppression_shape, nullptr, kDynamicShape},
    {"NonMaxSuppressionV4",
     "boxes:T scores:T max_output_size:int32 iou_threshold:T_threshold "
     "score_threshold:T_threshold -> selected_indices:int32 valid_outputs:int32; " CAUDAL_SUPPRESS
     "; pad_to_max_output_size:bool=false",
     padded_suppression_shape, nullptr, kDynamicShape},
    {"NonMaxSuppressionV5",
     "boxes:T scores:T max_output_size:int32 iou_threshold:T score_threshold:T soft_nms_sigma:T -> "
     "selected_indices:int32 selected_scores:T valid_outputs:int32; "
     "T:type{half,float}=float; pad_to_max_output_size:bool=false",
     padded_suppression_shape, nullptr, kDynamicShape},
    {"NonMaxSuppressionWithOverlaps",
     "overlaps:float scores:float max_output_size:int32 overlap_threshold:float "
     "score_threshold:float -> selected_indices:int32",
     overlaps_shape, no_gradient, kDynamicShape},
    {"CombinedNonMaxSuppression",
     "boxes:float scores:float max_output_size_per_class:int32 max_total_size:int32 "
     "iou_threshold:float score_threshold:float -> nmsed_boxes:float nmsed_scores:float "
     "nmsed_classes:float valid_detections:int32; pad_per_class:bool=false; clip_boxes:bool=true",
     combined_shape, nullptr, kDynamicShape},
    {"SampleDistortedBoundingBox",
     "image_size:T bounding_boxes:float -> begin:T size:T bboxes:float; "
     "T:type{uint8,int8,int16,int32,int64}; seed:int=0; seed2:int=0; "
     "min_object_covered:float=0.100000001; " CAUDAL_WINDOW,
     distorted_box_shape, no_gradient, kDraws},
    {"SampleDistortedBoundingBoxV2",
     "image_size:T bounding_boxes:float min_object_covered:float -> begin:T size:T bboxes:float; "
     "T:type{uint8,int8,int16,int32,int64}; seed:int=0; seed2:int=0; " CAUDAL_WINDOW,
     distorted_box_shape, no_gradient, kDraws},
    {"RandomCrop",
     "image:T size:int64 -> output:T; T:type{uint8,int8,int16,int32,int64,float,double}; "
     "seed:int=0; seed2:int=0",
     random_crop_shape, no_gradient, kDraws},
    {"ImageProjectiveTransform",
     "images:dtype transforms:float -> transformed_images:dtype; " CAUDAL_PROJECT, projected_shape,
     projected_grad},
    {"ImageProjectiveTransformV2",
     "images:dtype transforms:float output_shape:int32 -> "
     "transformed_images:dtype; " CAUDAL_PROJECT,
     projected_to_shape, projected_grad},
    {"DecodePng", "contents:string -> image:dtype; channels:int=0; dtype:type{uint8,uint16}=uint8",
     decode_shape, nullptr, kDynamicShape | kHostOnly},
    {"DecodeJpeg", "contents:string -> image:uint8; " CAUDAL_JPEG, decode_shape, nullptr,
     kDynamicShape | kHostOnly},
    {"DecodeAndCropJpeg", "contents:string crop_window:int32 -> image:uint8; " CAUDAL_JPEG,
     decode_crop_shape, nullptr, kDynamicShape | kHostOnly},
    {"DecodeBmp", "contents:string -> image:uint8; channels:int=0", decode_shape, nullptr,
     kDynamicShape | kHostOnly},
    {"DecodeGif", "contents:string -> image:uint8", decode_gif_shape, nullptr,
     kDynamicShape | kHostOnly},
    {"ExtractJpegShape",
     "contents:string -> image_shape:output_type; output_type:type{int32,int64}=int32",
     jpeg_shape_shape, nullptr, kHostOnly},
    {"EncodePng", "image:T -> contents:string; compression:int=-1; T:type{uint8,uint16}=uint8",
     encode_shape, nullptr, kHostOnly},
    {"EncodeJpeg",
     "image:uint8 -> contents:string; format:string{'','grayscale','rgb'}=''; quality:int=95; "
     "progressive:bool=false; optimize_size:bool=false; chroma_downsampling:bool=true; "
     "density_unit:string{'in','cm'}='in'; x_density:int=300; y_density:int=300; "
     "xmp_metadata:string=''",
     encode_shape, nullptr, kHostOnly},
    {"EncodeJpegVariableQuality", "images:uint8 quality:int32 -> contents:string", encode_shape,
     nullptr, kHostOnly},
};

}  // namespace

std::span<const OpRow> image_ops() { return kRows; }

}  // namespace caudal::ops
