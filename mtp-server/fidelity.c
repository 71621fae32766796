/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-server/fidelity.h"

void fidelity_init(struct fidelity *f, unsigned width, unsigned height)
{
	block_set_init(&f->rough, width, height);
	block_set_init(&f->poor, width, height);
}

void fidelity_finish(struct fidelity *f)
{
	block_set_finish(&f->rough);
	block_set_finish(&f->poor);
}

void fidelity_exact(struct fidelity *f, struct rectangle r)
{
	block_set_remove_within(&f->rough, r);
	block_set_remove_within(&f->poor, r);
}

void fidelity_poor(struct fidelity *f, struct rectangle r)
{
	block_set_add_rectangle(&f->rough, r);
	block_set_add_rectangle(&f->poor, r);
}

void fidelity_fine(struct fidelity *f, struct rectangle r)
{
	block_set_add_rectangle(&f->rough, r);
	block_set_remove_within(&f->poor, r);
}

void fidelity_carry(
    struct fidelity *f, struct rectangle target, unsigned source_x, unsigned source_y)
{
	block_set_carry(&f->rough, target, source_x, source_y);
	block_set_carry(&f->poor, target, source_x, source_y);
}
