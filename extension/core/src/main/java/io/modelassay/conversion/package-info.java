/** Writes an artifact again: in another type, decoded, or padded. */
@NullMarked
package io.modelassay.conversion;

import org.jspecify.annotations.NullMarked;
