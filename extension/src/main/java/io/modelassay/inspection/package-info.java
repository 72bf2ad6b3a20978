/**
 * What is wrong or odd about an artifact, in words: from headers, from the values of small parts, and from what quantized
 * weights decode to.
 */
@NullMarked
package io.modelassay.inspection;

import org.jspecify.annotations.NullMarked;
