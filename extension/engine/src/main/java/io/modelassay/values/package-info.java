/** What the values of stored quantized weights tell once they are decoded: a scan, sanity beside a reference, padding. */
@NullMarked
package io.modelassay.values;

import org.jspecify.annotations.NullMarked;
