/** ModelAssay without JUnit: open a checkpoint, quantize it, evaluate it. */
@NullMarked
package io.modelassay;

import org.jspecify.annotations.NullMarked;
