;; The loops that take most of the time of finishing, four values at once. All work on one row; `npm run generate` translates
;; them to kernels.wasm.ts.
(module
  ;; Rows and tables of the caller.
  (import "memory" "own" (memory $own 1))
  ;; The photo's detail, which all threads share: 16-bit RGB.
  (import "memory" "detail" (memory $detail 1 65536 shared))

  ;; target = a·wa + b·wb + c·wc, for `count` values rounded up to a multiple of four. With `adds`, target is added to.
  (func (export "blend")
    (param $target i32) (param $count i32) (param $adds i32)
    (param $a i32) (param $wa f32) (param $b i32) (param $wb f32) (param $c i32) (param $wc f32)
    (local $end i32) (local $sum v128) (local $va v128) (local $vb v128) (local $vc v128)
    (local.set $end (i32.add (local.get $target) (i32.shl (local.get $count) (i32.const 2))))
    (local.set $va (f32x4.splat (local.get $wa)))
    (local.set $vb (f32x4.splat (local.get $wb)))
    (local.set $vc (f32x4.splat (local.get $wc)))
    (loop $next
      (local.set $sum
        (f32x4.add
          (f32x4.add
            (f32x4.mul (local.get $va) (v128.load $own (local.get $a)))
            (f32x4.mul (local.get $vb) (v128.load $own (local.get $b))))
          (f32x4.mul (local.get $vc) (v128.load $own (local.get $c)))))
      (if (local.get $adds)
        (then (local.set $sum (f32x4.add (local.get $sum) (v128.load $own (local.get $target))))))
      (v128.store $own (local.get $target) (local.get $sum))
      (local.set $a (i32.add (local.get $a) (i32.const 16)))
      (local.set $b (i32.add (local.get $b) (i32.const 16)))
      (local.set $c (i32.add (local.get $c) (i32.const 16)))
      (local.set $target (i32.add (local.get $target) (i32.const 16)))
      (br_if $next (i32.lt_u (local.get $target) (local.get $end)))))

  ;; A row of RGB at another width: each of `width` pixels is the weighted sum of `count` neighbouring pixels of the source.
  ;; `starts` has the first one's offset in bytes for each pixel, `weights` has `count` floats for each pixel.
  (func (export "widen")
    (param $target i32) (param $width i32) (param $source i32) (param $count i32) (param $starts i32) (param $weights i32)
    (local $end i32) (local $at i32) (local $last i32) (local $sum v128)
    (local.set $end (i32.add (local.get $target) (i32.mul (local.get $width) (i32.const 12))))
    (loop $next
      (local.set $at (i32.add (local.get $source) (i32.load $own (local.get $starts))))
      (local.set $last (i32.add (local.get $weights) (i32.shl (local.get $count) (i32.const 2))))
      (local.set $sum (v128.const f32x4 0 0 0 0))
      (loop $tap
        (local.set $sum
          (f32x4.add (local.get $sum)
            (f32x4.mul (v128.load32_splat $own (local.get $weights)) (v128.load $own (local.get $at)))))
        (local.set $at (i32.add (local.get $at) (i32.const 12)))
        (local.set $weights (i32.add (local.get $weights) (i32.const 4)))
        (br_if $tap (i32.lt_u (local.get $weights) (local.get $last))))
      ;; The fourth value is written over by the next pixel.
      (v128.store $own (local.get $target) (local.get $sum))
      (local.set $starts (i32.add (local.get $starts) (i32.const 4)))
      (local.set $target (i32.add (local.get $target) (i32.const 12)))
      (br_if $next (i32.lt_u (local.get $target) (local.get $end)))))

  ;; Adds detail to a row of `width` pixels of RGB. `u` and `v` have the motion to it, `trust` how much of it is shown, at widths of
  ;; their own: `places` and `trustPlaces` have three values for each pixel, the byte offsets of the two values around it and
  ;; the weight of the second one. All of motion, `y`, `lastX` and `lastY` are in pixels of the detail, which has twice the resolution.
  (func (export "addDetail")
    (param $row i32) (param $width i32) (param $y f32) (param $u i32) (param $v i32) (param $trust i32)
    (param $places i32) (param $trustPlaces i32) (param $stride i32) (param $lastX f32) (param $lastY f32)
    (param $unit f32) (param $least f32)
    (local $end i32) (local $x f32) (local $left i32) (local $right i32) (local $across f32) (local $near f32)
    (local $weight f32) (local $px f32) (local $py f32) (local $column i32) (local $line i32) (local $at i32)
    (local $wx v128) (local $upper v128) (local $lower v128)
    (local.set $end (i32.add (local.get $row) (i32.mul (local.get $width) (i32.const 12))))
    (loop $next
      (local.set $near (f32.load $own (i32.add (local.get $trust) (i32.load $own (local.get $trustPlaces)))))
      (local.set $weight
        (f32.add (local.get $near)
          (f32.mul (f32.load $own offset=8 (local.get $trustPlaces))
            (f32.sub
              (f32.load $own (i32.add (local.get $trust) (i32.load $own offset=4 (local.get $trustPlaces))))
              (local.get $near)))))
      (if (f32.ge (local.get $weight) (local.get $least))
        (then
          (local.set $left (i32.load $own (local.get $places)))
          (local.set $right (i32.load $own offset=4 (local.get $places)))
          (local.set $across (f32.load $own offset=8 (local.get $places)))
          (local.set $near (f32.load $own (i32.add (local.get $u) (local.get $left))))
          (local.set $px
            (f32.add (f32.add (local.get $x) (local.get $near))
              (f32.mul (local.get $across)
                (f32.sub (f32.load $own (i32.add (local.get $u) (local.get $right))) (local.get $near)))))
          (local.set $near (f32.load $own (i32.add (local.get $v) (local.get $left))))
          (local.set $py
            (f32.add (f32.add (local.get $y) (local.get $near))
              (f32.mul (local.get $across)
                (f32.sub (f32.load $own (i32.add (local.get $v) (local.get $right))) (local.get $near)))))
          (local.set $px (f32.max (f32.const 0) (f32.min (local.get $px) (local.get $lastX))))
          (local.set $py (f32.max (f32.const 0) (f32.min (local.get $py) (local.get $lastY))))
          (local.set $column (i32.trunc_sat_f32_s (local.get $px)))
          (local.set $line (i32.trunc_sat_f32_s (local.get $py)))
          (local.set $wx (f32x4.splat (f32.sub (local.get $px) (f32.convert_i32_s (local.get $column)))))
          (local.set $at
            (i32.add (i32.mul (local.get $line) (local.get $stride)) (i32.mul (local.get $column) (i32.const 6))))
          (local.set $upper (f32x4.convert_i32x4_s (v128.load16x4_s $detail (local.get $at))))
          (local.set $upper
            (f32x4.add (local.get $upper)
              (f32x4.mul (local.get $wx)
                (f32x4.sub
                  (f32x4.convert_i32x4_s (v128.load16x4_s $detail offset=6 (local.get $at))) (local.get $upper)))))
          (local.set $at (i32.add (local.get $at) (local.get $stride)))
          (local.set $lower (f32x4.convert_i32x4_s (v128.load16x4_s $detail (local.get $at))))
          (local.set $lower
            (f32x4.add (local.get $lower)
              (f32x4.mul (local.get $wx)
                (f32x4.sub
                  (f32x4.convert_i32x4_s (v128.load16x4_s $detail offset=6 (local.get $at))) (local.get $lower)))))
          (local.set $upper
            (f32x4.mul (f32x4.splat (f32.mul (local.get $weight) (local.get $unit)))
              (f32x4.add (local.get $upper)
                (f32x4.mul
                  (f32x4.splat (f32.sub (local.get $py) (f32.convert_i32_s (local.get $line))))
                  (f32x4.sub (local.get $lower) (local.get $upper))))))
          ;; The fourth value belongs to the next pixel.
          (v128.store $own (local.get $row)
            (f32x4.add (v128.load $own (local.get $row)) (f32x4.replace_lane 3 (local.get $upper) (f32.const 0))))))
      (local.set $x (f32.add (local.get $x) (f32.const 2)))
      (local.set $places (i32.add (local.get $places) (i32.const 12)))
      (local.set $trustPlaces (i32.add (local.get $trustPlaces) (i32.const 12)))
      (local.set $row (i32.add (local.get $row) (i32.const 12)))
      (br_if $next (i32.lt_u (local.get $row) (local.get $end)))))

  ;; Rounds `count` values, rounded up to a multiple of 16, to bytes from 0 to 255.
  (func (export "toBytes") (param $target i32) (param $source i32) (param $count i32)
    (local $end i32)
    (local.set $end (i32.add (local.get $target) (local.get $count)))
    (loop $next
      (v128.store $own (local.get $target)
        (i8x16.narrow_i16x8_u
          (i16x8.narrow_i32x4_s
            (i32x4.trunc_sat_f32x4_s (f32x4.nearest (v128.load $own (local.get $source))))
            (i32x4.trunc_sat_f32x4_s (f32x4.nearest (v128.load $own offset=16 (local.get $source)))))
          (i16x8.narrow_i32x4_s
            (i32x4.trunc_sat_f32x4_s (f32x4.nearest (v128.load $own offset=32 (local.get $source))))
            (i32x4.trunc_sat_f32x4_s (f32x4.nearest (v128.load $own offset=48 (local.get $source)))))))
      (local.set $source (i32.add (local.get $source) (i32.const 64)))
      (local.set $target (i32.add (local.get $target) (i32.const 16)))
      (br_if $next (i32.lt_u (local.get $target) (local.get $end)))))

  ;; A symmetric convolution of `count` values: each is `weights[0]` times itself plus `weights[k]` times both values that lie `k`
  ;; steps away, for k up to `radius`. A step of four bytes goes along a row, one of a row's length across rows.
  (func (export "convolve")
    (param $target i32) (param $count i32) (param $source i32) (param $step i32) (param $weights i32) (param $radius i32)
    (local $end i32) (local $sum v128) (local $weight i32) (local $last i32) (local $before i32) (local $after i32)
    (local.set $end (i32.add (local.get $target) (i32.shl (local.get $count) (i32.const 2))))
    (local.set $last (i32.add (local.get $weights) (i32.shl (local.get $radius) (i32.const 2))))
    (loop $next
      (local.set $sum
        (f32x4.mul (v128.load32_splat $own (local.get $weights)) (v128.load $own (local.get $source))))
      (local.set $before (local.get $source))
      (local.set $after (local.get $source))
      (local.set $weight (local.get $weights))
      (loop $tap
        (local.set $weight (i32.add (local.get $weight) (i32.const 4)))
        (local.set $before (i32.sub (local.get $before) (local.get $step)))
        (local.set $after (i32.add (local.get $after) (local.get $step)))
        (local.set $sum
          (f32x4.add (local.get $sum)
            (f32x4.mul (v128.load32_splat $own (local.get $weight))
              (f32x4.add (v128.load $own (local.get $before)) (v128.load $own (local.get $after))))))
        (br_if $tap (i32.lt_u (local.get $weight) (local.get $last))))
      (v128.store $own (local.get $target) (local.get $sum))
      (local.set $source (i32.add (local.get $source) (i32.const 16)))
      (local.set $target (i32.add (local.get $target) (i32.const 16)))
      (br_if $next (i32.lt_u (local.get $target) (local.get $end)))))

  ;; One step of successive over-relaxation for every second pixel of a row of the linear system; the planes of the system lie
  ;; `plane` bytes after one another: u, v, a12, b1, b2, one over each diagonal, smoothness to the right and downwards.
  ;; `parity`: 0 for the pixels 0, 2, 4, …, 1 for the others.
  (func (export "relax")
    (param $u i32) (param $count i32) (param $stride i32) (param $plane i32) (param $parity i32) (param $factor f32)
    (local $v i32) (local $a12 i32) (local $b1 i32) (local $b2 i32) (local $inverse1 i32) (local $inverse2 i32) (local $right i32) (local $down i32)
    (local $end i32) (local $chosen v128) (local $over v128) (local $here v128) (local $there v128) (local $smooth v128)
    (local $wl v128) (local $wr v128) (local $wu v128) (local $wd v128) (local $off v128)
    (local.set $v (i32.add (local.get $u) (local.get $plane)))
    (local.set $a12 (i32.add (local.get $v) (local.get $plane)))
    (local.set $b1 (i32.add (local.get $a12) (local.get $plane)))
    (local.set $b2 (i32.add (local.get $b1) (local.get $plane)))
    (local.set $inverse1 (i32.add (local.get $b2) (local.get $plane)))
    (local.set $inverse2 (i32.add (local.get $inverse1) (local.get $plane)))
    (local.set $right (i32.add (local.get $inverse2) (local.get $plane)))
    (local.set $down (i32.add (local.get $right) (local.get $plane)))
    (local.set $end (i32.add (local.get $u) (i32.shl (local.get $count) (i32.const 2))))
    (local.set $over (f32x4.splat (local.get $factor)))
    (local.set $chosen
      (select (v128.const i32x4 0 -1 0 -1) (v128.const i32x4 -1 0 -1 0) (local.get $parity)))
    (loop $next
      (local.set $wl (v128.load $own (i32.sub (local.get $right) (i32.const 4))))
      (local.set $wr (v128.load $own (local.get $right)))
      (local.set $wu (v128.load $own (i32.sub (local.get $down) (local.get $stride))))
      (local.set $wd (v128.load $own (local.get $down)))
      (local.set $off (v128.load $own (local.get $a12)))
      (local.set $here (v128.load $own (local.get $u)))
      (local.set $there (v128.load $own (local.get $v)))
      (local.set $smooth
        (f32x4.add
          (f32x4.add
            (f32x4.mul (local.get $wl) (v128.load $own (i32.sub (local.get $u) (i32.const 4))))
            (f32x4.mul (local.get $wr) (v128.load $own offset=4 (local.get $u))))
          (f32x4.add
            (f32x4.mul (local.get $wu) (v128.load $own (i32.sub (local.get $u) (local.get $stride))))
            (f32x4.mul (local.get $wd) (v128.load $own (i32.add (local.get $u) (local.get $stride)))))))
      (local.set $smooth
        (f32x4.mul
          (f32x4.sub
            (f32x4.add (v128.load $own (local.get $b1)) (local.get $smooth))
            (f32x4.mul (local.get $off) (local.get $there)))
          (v128.load $own (local.get $inverse1))))
      (local.set $here
        (v128.bitselect
          (f32x4.add (local.get $here)
            (f32x4.mul (local.get $over) (f32x4.sub (local.get $smooth) (local.get $here))))
          (local.get $here) (local.get $chosen)))
      (v128.store $own (local.get $u) (local.get $here))
      (local.set $smooth
        (f32x4.add
          (f32x4.add
            (f32x4.mul (local.get $wl) (v128.load $own (i32.sub (local.get $v) (i32.const 4))))
            (f32x4.mul (local.get $wr) (v128.load $own offset=4 (local.get $v))))
          (f32x4.add
            (f32x4.mul (local.get $wu) (v128.load $own (i32.sub (local.get $v) (local.get $stride))))
            (f32x4.mul (local.get $wd) (v128.load $own (i32.add (local.get $v) (local.get $stride)))))))
      (local.set $smooth
        (f32x4.mul
          (f32x4.sub
            (f32x4.add (v128.load $own (local.get $b2)) (local.get $smooth))
            (f32x4.mul (local.get $off) (local.get $here)))
          (v128.load $own (local.get $inverse2))))
      (local.set $there
        (v128.bitselect
          (f32x4.add (local.get $there)
            (f32x4.mul (local.get $over) (f32x4.sub (local.get $smooth) (local.get $there))))
          (local.get $there) (local.get $chosen)))
      (v128.store $own (local.get $v) (local.get $there))
      (local.set $u (i32.add (local.get $u) (i32.const 16)))
      (local.set $v (i32.add (local.get $v) (i32.const 16)))
      (local.set $a12 (i32.add (local.get $a12) (i32.const 16)))
      (local.set $b1 (i32.add (local.get $b1) (i32.const 16)))
      (local.set $b2 (i32.add (local.get $b2) (i32.const 16)))
      (local.set $inverse1 (i32.add (local.get $inverse1) (i32.const 16)))
      (local.set $inverse2 (i32.add (local.get $inverse2) (i32.const 16)))
      (local.set $right (i32.add (local.get $right) (i32.const 16)))
      (local.set $down (i32.add (local.get $down) (i32.const 16)))
      (br_if $next (i32.lt_u (local.get $u) (local.get $end)))))

  ;; The data terms of the linear system for a row: robust constancy of brightness, times `delta`, and of the gradient, times
  ;; `gamma`. The planes of derivatives lie `termPlane` bytes after one another: in space and time, second ones in space, changes of
  ;; the gradient in time, and the motion that they were taken at. Those of the system lie as `relax` has them.
  (func (export "dataTerms")
    (param $term i32) (param $termPlane i32) (param $u i32) (param $count i32) (param $stride i32) (param $plane i32)
    (param $delta f32) (param $gamma f32) (param $zeta f32) (param $epsilon f32)
    (local $end i32) (local $at i32) (local $half v128)
    (local $x v128) (local $y v128) (local $z v128) (local $xx v128) (local $xy v128)
    (local $yy v128) (local $xz v128) (local $yz v128) (local $su v128) (local $sv v128)
    (local $du v128) (local $dv v128) (local $weight v128) (local $weightX v128) (local $weightY v128) (local $rx v128) (local $ry v128)
    (local $smooth v128) (local $a11 v128) (local $a22 v128) (local $z2 v128) (local $e2 v128)
    (local.set $end (i32.add (local.get $u) (i32.shl (local.get $count) (i32.const 2))))
    (local.set $z2 (f32x4.splat (local.get $zeta)))
    (local.set $e2 (f32x4.splat (local.get $epsilon)))
    (loop $next
      (local.set $at (local.get $term))
      (local.set $x (v128.load $own (local.get $at)))
      (local.set $at (i32.add (local.get $at) (local.get $termPlane)))
      (local.set $y (v128.load $own (local.get $at)))
      (local.set $at (i32.add (local.get $at) (local.get $termPlane)))
      (local.set $z (v128.load $own (local.get $at)))
      (local.set $at (i32.add (local.get $at) (local.get $termPlane)))
      (local.set $xx (v128.load $own (local.get $at)))
      (local.set $at (i32.add (local.get $at) (local.get $termPlane)))
      (local.set $xy (v128.load $own (local.get $at)))
      (local.set $at (i32.add (local.get $at) (local.get $termPlane)))
      (local.set $yy (v128.load $own (local.get $at)))
      (local.set $at (i32.add (local.get $at) (local.get $termPlane)))
      (local.set $xz (v128.load $own (local.get $at)))
      (local.set $at (i32.add (local.get $at) (local.get $termPlane)))
      (local.set $yz (v128.load $own (local.get $at)))
      (local.set $at (i32.add (local.get $at) (local.get $termPlane)))
      (local.set $su (v128.load $own (local.get $at)))
      (local.set $at (i32.add (local.get $at) (local.get $termPlane)))
      (local.set $sv (v128.load $own (local.get $at)))
      (local.set $at (local.get $u))
      (local.set $du (f32x4.sub (v128.load $own (local.get $at)) (local.get $su)))
      (local.set $at (i32.add (local.get $at) (local.get $plane)))
      (local.set $dv (f32x4.sub (v128.load $own (local.get $at)) (local.get $sv)))
      ;; Brightness.
      (local.set $weightX (f32x4.add (f32x4.add (f32x4.mul (local.get $x) (local.get $x)) (f32x4.mul (local.get $y) (local.get $y))) (local.get $z2)))
      (local.set $rx (f32x4.add (local.get $z) (f32x4.add (f32x4.mul (local.get $x) (local.get $du)) (f32x4.mul (local.get $y) (local.get $dv)))))
      (local.set $weight
        (f32x4.div
          (f32x4.div (f32x4.splat (local.get $delta))
            (f32x4.sqrt (f32x4.add (f32x4.div (f32x4.mul (local.get $rx) (local.get $rx)) (local.get $weightX)) (local.get $e2))))
          (local.get $weightX)))
      ;; The gradient.
      (local.set $weightX (f32x4.add (f32x4.add (f32x4.mul (local.get $xx) (local.get $xx)) (f32x4.mul (local.get $xy) (local.get $xy))) (local.get $z2)))
      (local.set $weightY (f32x4.add (f32x4.add (f32x4.mul (local.get $yy) (local.get $yy)) (f32x4.mul (local.get $xy) (local.get $xy))) (local.get $z2)))
      (local.set $rx (f32x4.add (local.get $xz) (f32x4.add (f32x4.mul (local.get $xx) (local.get $du)) (f32x4.mul (local.get $xy) (local.get $dv)))))
      (local.set $ry (f32x4.add (local.get $yz) (f32x4.add (f32x4.mul (local.get $xy) (local.get $du)) (f32x4.mul (local.get $yy) (local.get $dv)))))
      (local.set $smooth
        (f32x4.div (f32x4.splat (local.get $gamma))
          (f32x4.sqrt
            (f32x4.add
              (f32x4.add
                (f32x4.div (f32x4.mul (local.get $rx) (local.get $rx)) (local.get $weightX))
                (f32x4.div (f32x4.mul (local.get $ry) (local.get $ry)) (local.get $weightY)))
              (local.get $e2)))))
      (local.set $weightX (f32x4.div (local.get $smooth) (local.get $weightX)))
      (local.set $weightY (f32x4.div (local.get $smooth) (local.get $weightY)))
      ;; The system.
      (local.set $a11
        (f32x4.add (f32x4.mul (local.get $weight) (f32x4.mul (local.get $x) (local.get $x))) (f32x4.add (f32x4.mul (local.get $weightX) (f32x4.mul (local.get $xx) (local.get $xx))) (f32x4.mul (local.get $weightY) (f32x4.mul (local.get $xy) (local.get $xy))))))
      (local.set $a22
        (f32x4.add (f32x4.mul (local.get $weight) (f32x4.mul (local.get $y) (local.get $y))) (f32x4.add (f32x4.mul (local.get $weightX) (f32x4.mul (local.get $xy) (local.get $xy))) (f32x4.mul (local.get $weightY) (f32x4.mul (local.get $yy) (local.get $yy))))))
      (local.set $half
        (f32x4.add (f32x4.mul (local.get $weight) (f32x4.mul (local.get $x) (local.get $y))) (f32x4.add (f32x4.mul (local.get $weightX) (f32x4.mul (local.get $xx) (local.get $xy))) (f32x4.mul (local.get $weightY) (f32x4.mul (local.get $xy) (local.get $yy))))))
      (local.set $rx
        (f32x4.add (f32x4.mul (local.get $weight) (f32x4.mul (local.get $x) (local.get $z))) (f32x4.add (f32x4.mul (local.get $weightX) (f32x4.mul (local.get $xx) (local.get $xz))) (f32x4.mul (local.get $weightY) (f32x4.mul (local.get $xy) (local.get $yz))))))
      (local.set $ry
        (f32x4.add (f32x4.mul (local.get $weight) (f32x4.mul (local.get $y) (local.get $z))) (f32x4.add (f32x4.mul (local.get $weightX) (f32x4.mul (local.get $xy) (local.get $xz))) (f32x4.mul (local.get $weightY) (f32x4.mul (local.get $yy) (local.get $yz))))))
      (local.set $at (i32.add (local.get $at) (local.get $plane)))
      (v128.store $own (local.get $at) (local.get $half))
      (local.set $at (i32.add (local.get $at) (local.get $plane)))
      (v128.store $own (local.get $at) (f32x4.sub (f32x4.add (f32x4.mul (local.get $a11) (local.get $su)) (f32x4.mul (local.get $half) (local.get $sv))) (local.get $rx)))
      (local.set $at (i32.add (local.get $at) (local.get $plane)))
      (v128.store $own (local.get $at) (f32x4.sub (f32x4.add (f32x4.mul (local.get $half) (local.get $su)) (f32x4.mul (local.get $a22) (local.get $sv))) (local.get $ry)))
      ;; Behind the end of a row, both may be 0: without a least value, the motion there were NaN, and spread.
      (local.set $rx (f32x4.splat (f32.const 1)))
      (local.set $at (i32.add (local.get $at) (i32.mul (local.get $plane) (i32.const 3))))
      (local.set $smooth
        (f32x4.add (v128.load $own (i32.sub (local.get $at) (i32.const 4))) (v128.load $own (local.get $at))))
      (local.set $at (i32.add (local.get $at) (local.get $plane)))
      (local.set $smooth
        (f32x4.add (local.get $smooth)
          (f32x4.add (v128.load $own (i32.sub (local.get $at) (local.get $stride))) (v128.load $own (local.get $at)))))
      (local.set $at (i32.sub (local.get $at) (i32.mul (local.get $plane) (i32.const 3))))
      (v128.store $own (local.get $at) (f32x4.div (local.get $rx) (f32x4.max (f32x4.add (local.get $a11) (local.get $smooth)) (local.get $e2))))
      (local.set $at (i32.add (local.get $at) (local.get $plane)))
      (v128.store $own (local.get $at) (f32x4.div (local.get $rx) (f32x4.max (f32x4.add (local.get $a22) (local.get $smooth)) (local.get $e2))))
      (local.set $term (i32.add (local.get $term) (i32.const 16)))
      (local.set $u (i32.add (local.get $u) (i32.const 16)))
      (br_if $next (i32.lt_u (local.get $u) (local.get $end)))))
)
